/** RepeatNet: the probability of repeating an item of the sequence, and of exploring another. */
import type { Architecture } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linear } from '../layers/linear.js'
import { type Network, scoresGraph } from '../layers/network.js'
import { atLastItem, forEveryPosition, isItem, weightedSum, withoutLastAxis } from '../layers/sequence.js'

/** What the recurrent encoder remembers. */
interface Memory {
  /** float32 [B, maxLength, size]: after every step, padding included. */
  readonly all: string
  /** float32 [B, size]: after the last item. */
  readonly last: string
  readonly size: number
}

/**
 * Ren et al., "RepeatNet: A Repeat Aware Neural Recommendation Machine for Session-Based Recommendation", AAAI 2019;
 * RecBole's repeatnet.py. Scores are probabilities: of repeating an item of the sequence, and of exploring others.
 */
export const repeatNet: Architecture = {
  className: 'RepeatNet',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const inputSize = settings.integer('embedding_size')
    const size = settings.integer('hidden_size')
    const items = { key: 'item_matrix.weight', shape: [itemCount, inputSize] } as const
    const graph = scoresGraph(context, (net) => {
      const options = { key: 'gru', inputSize, hiddenSize: size, layers: 1, bias: true }
      const { steps } = gru(net, itemsByStep(net, items), options)
      const all = net.graph.emit('Transpose', [steps], { perm: { ints: [1, 0, 2] } })
      const memory = { all, last: atLastItem(net, all), size }
      const modes = modeShares(net, memory)
      const repeated = net.graph.emit('Mul', [repeatScores(net, memory, itemCount), modes[0]])
      const explored = net.graph.emit('Mul', [exploreScores(net, memory, itemCount), modes[1]])
      return net.graph.emit('Add', [repeated, explored])
    })
    return { encoder: { graph: () => graph, padding: 'maximum' }, scoring: { kind: 'scores' } }
  },
}

interface AttentionLayers {
  /** Prefix of the three layers' keys. */
  readonly key: string
  readonly ofAll: string
  readonly ofLast: string
  readonly toLogit: string
  /** Whether the layers for the memory, and the one for the logit, have a bias. */
  readonly bias: readonly [memory: boolean, logit: boolean]
}

/** v · tanh(U m_t + W m_last), float32 [B, maxLength]. */
function attentionLogits(net: Network, { all, last, size }: Memory, layers: AttentionLayers): string {
  const [memoryBias, logitBias] = layers.bias
  const project = (x: string, name: string) =>
    linear(net, x, { key: `${layers.key}.${name}`, from: size, to: size, bias: memoryBias })
  const ofLast = forEveryPosition(net, project(last, layers.ofLast))
  const sum = net.graph.emit('Add', [project(all, layers.ofAll), ofLast])
  const toLogit = { key: `${layers.key}.${layers.toLogit}`, from: size, to: 1, bias: logitBias }
  return withoutLastAxis(net, linear(net, net.graph.emit('Tanh', [sum]), toLogit))
}

/** Probabilities of repeating and exploring, each float32 [B, 1]; the padding is attended to as well. */
function modeShares(net: Network, memory: Memory): readonly [string, string] {
  const key = 'repeat_explore_mechanism'
  const logits = attentionLogits(net, memory, {
    key,
    ofAll: 'Ure',
    ofLast: 'Wre',
    toLogit: 'Vre',
    bias: [false, false],
  })
  const shares = net.graph.emit('Softmax', [logits], { axis: { int: -1 } })
  const mean = weightedSum(net, shares, memory.all)
  const modes = linear(net, mean, { key: `${key}.Wcre`, from: memory.size, to: 2, bias: false })
  const probabilities = net.graph.emit('Softmax', [modes], { axis: { int: -1 } })
  const [repeat, explore] = net.graph.emitMany('Split', [probabilities], {
    outputs: 2,
    attributes: { axis: { int: 1 }, num_outputs: { int: 2 } },
  })
  return [repeat!, explore!]
}

/** Attention to the items of the sequence, gathered by item: float32 [B, itemCount]. */
function repeatScores(net: Network, memory: Memory, itemCount: number): string {
  const logits = attentionLogits(net, memory, {
    key: 'repeat_recommendation_decoder',
    ofAll: 'Ur',
    ofLast: 'Wr',
    toLogit: 'Vr',
    bias: [false, true],
  })
  const { graph } = net
  const rows = graph.emit('Shape', [net.items], { end: { int: 1 } })
  const shape = graph.emit('Concat', [rows, graph.ints([itemCount])], { axis: { int: 0 } })
  const zeros = graph.emit('ConstantOfShape', [shape])
  return graph.emit('ScatterElements', [zeros, net.items, itemShares(net, logits)], {
    axis: { int: 1 },
    reduction: { string: 'add' },
  })
}

/** Softmax over all items but those of the sequence; the padding's id is not taken out. float32 [B, itemCount] */
function exploreScores(net: Network, memory: Memory, itemCount: number): string {
  const key = 'explore_recommendation_decoder'
  const logits = attentionLogits(net, memory, {
    key,
    ofAll: 'Ue',
    ofLast: 'We',
    toLogit: 'Ve',
    bias: [true, true],
  })
  const { graph } = net
  const mean = weightedSum(net, itemShares(net, logits), memory.all)
  const both = graph.emit('Concat', [mean, memory.last], { axis: { int: 1 } })
  const table = net.weight(`${key}.matrix_for_explore.weight`, [itemCount, 2 * memory.size])
  const scores = graph.emit('Gemm', [both, table], { transB: { int: 1 } })
  return graph.emit('Softmax', [withoutSequence(net, scores)], { axis: { int: -1 } })
}

/** Softmax over the items of the sequence, 0 on the padding: float32 [B, maxLength]. */
function itemShares(net: Network, logits: string): string {
  const shown = net.graph.emit('Where', [isItem(net), logits, net.graph.float(-1e9)])
  return net.graph.emit('Softmax', [shown], { axis: { int: -1 } })
}

/** −∞ for the items of the sequence. */
function withoutSequence(net: Network, scores: string): string {
  const { graph } = net
  const first = graph.emit('Slice', [net.items, graph.ints([0]), graph.ints([1]), graph.ints([1])])
  // Padding stands for the first item once more.
  const items = graph.emit('Where', [isItem(net), net.items, first])
  const shape = graph.emit('Shape', [net.items])
  const nothing = graph.emit('Expand', [graph.float(-Infinity), shape])
  return graph.emit('ScatterElements', [scores, items, nothing], { axis: { int: 1 } })
}
