/** DIEN: interests drawn from a history, and how they evolve towards each candidate. */
import { RecserveError } from '../../../core/errors.js'
import type { Architecture } from '../architecture.js'
import { attentionGru } from '../layers/attention-gru.js'
import { candidateInputs, clickProbabilities, layerSizes } from '../layers/candidate-network.js'
import { contextTable } from '../layers/features.js'
import { gru } from '../layers/gru.js'
import { interestLogits } from '../layers/interest-attention.js'
import { toTensor } from '../layers/item-table.js'
import { candidatesGraph, type Network } from '../layers/network.js'

/** Zhou et al., "Deep Interest Evolution Network for Click-Through Rate Prediction", AAAI 2019; RecBole's dien.py. */
export const dien: Architecture = {
  className: 'DIEN',
  needsUser: true,
  build(context) {
    const { settings } = context
    const embeddingSize = settings.integer('embedding_size')
    const layers = layerSizes(settings)
    const evolve = evolutionOf(settings.text('gru_type'))
    const items = toTensor(contextTable(context, 'item', embeddingSize))
    const users = toTensor(contextTable(context, 'user', embeddingSize))
    const size = items.shape[1]!
    const graph = candidatesGraph(context, (net) => {
      const { candidates, history } = candidateInputs(net, items)
      const interests = sequence(net, history, { key: 'interset_extractor.gru', size })
      const interest = evolve(net, { candidates, interests, size, layers })
      const user = net.graph.emit('Gather', [net.graph.constant(users), net.user])
      const input = [interest, candidates, forEachCandidate(net, user)]
      const inputSize = 2 * size + users.shape[1]!
      return clickProbabilities(net, net.graph.emit('Concat', input, { axis: { int: 1 } }), {
        inputSize,
        layers,
        output: 'dnn_predict_layer',
      })
    })
    return { encoder: { graph: () => graph, padding: 'batch' }, scoring: { kind: 'candidates' } }
  },
}

interface Evolution {
  /** float32 [C, size]. */
  readonly candidates: string
  /** float32 [T, size]. */
  readonly interests: string
  readonly size: number
  readonly layers: readonly number[]
}

/** How interests evolve towards each candidate. @returns float32 [C, size] */
type Evolve = (net: Network, evolution: Evolution) => string

function evolutionOf(type: string): Evolve {
  const evolutions: Readonly<Record<string, Evolve>> = {
    AUGRU: (net, evolution) => gatedEvolution(net, evolution, true),
    AGRU: (net, evolution) => gatedEvolution(net, evolution, false),
    AIGRU: weightedInputs,
    GRU: weightedOutputs,
  }
  if (Object.hasOwn(evolutions, type)) return evolutions[type]!
  throw new RecserveError(
    'unimplemented',
    `the model's gru_type is '${type}'; it can be one of ${Object.keys(evolutions).join(', ')}`,
  )
}

function gatedEvolution(net: Network, evolution: Evolution, scalesGate: boolean): string {
  const { candidates, interests, size } = evolution
  const shape = net.graph.emit('Shape', [candidates])
  return attentionGru(
    net,
    {
      steps: interests,
      attention: attentionTo(net, evolution, interests),
      initial: net.graph.emit('ConstantOfShape', [shape]),
    },
    { key: 'interest_evolution.dynamic_rnn.rnn', size, scalesGate },
  )
}

/** A GRU over the interests, each times its attention. */
function weightedInputs(net: Network, evolution: Evolution): string {
  const { graph } = net
  const { interests, size } = evolution
  const byStep = graph.emit('Transpose', [attentionTo(net, evolution, interests)], { perm: { ints: [1, 0] } })
  const weights = graph.emit('Unsqueeze', [byStep, graph.ints([2])])
  const weighted = graph.emit('Mul', [weights, graph.emit('Unsqueeze', [interests, graph.ints([1])])])
  const options = { key: 'interest_evolution.dynamic_rnn', inputSize: size, hiddenSize: size, layers: 1 }
  return gru(net, weighted, { ...options, bias: true }).last
}

/** A GRU over the interests, its outputs weighted by their attention. */
function weightedOutputs(net: Network, evolution: Evolution): string {
  const outputs = sequence(net, evolution.interests, {
    key: 'interest_evolution.dynamic_rnn',
    size: evolution.size,
  })
  return net.graph.emit('MatMul', [attentionTo(net, evolution, outputs), outputs])
}

/** Softmax over the history, float32 [C, T]. */
function attentionTo(net: Network, { candidates, size, layers }: Evolution, history: string): string {
  const options = { key: 'interest_evolution.attention_layer', size, layers }
  return net.graph.emit('Softmax', [interestLogits(net, { candidates, history }, options)], {
    axis: { int: -1 },
  })
}

/** The outputs of a GRU over one sequence: float32 [T, size] → [T, size]. */
function sequence(
  net: Network,
  x: string,
  { key, size }: { readonly key: string; readonly size: number },
): string {
  const one = net.graph.emit('Unsqueeze', [x, net.graph.ints([1])])
  const { steps } = gru(net, one, { key, inputSize: size, hiddenSize: size, layers: 1, bias: true })
  return net.graph.emit('Squeeze', [steps, net.graph.ints([1])])
}

/** The one row for every candidate: [1, columns] → [C, columns]. */
function forEachCandidate(net: Network, row: string): string {
  const { graph } = net
  const count = graph.emit('Shape', [net.candidates])
  return graph.emit('Expand', [row, graph.emit('Concat', [count, graph.ints([1])], { axis: { int: 0 } })])
}
