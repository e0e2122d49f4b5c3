/**
 * Tan et al., "Sparse-Interest Network for Sequential Recommendation", WSDM 2021; RecBole's sine.py.
 * The padding takes part in everything.
 */
import { RecserveError } from '../../../core/errors.js'
import type { Architecture, ArchitectureContext } from '../architecture.js'
import { layerNorm } from '../layers/layer-norm.js'
import { type Network, vectorModel } from '../layers/network.js'
import { timesParameter } from '../layers/parameter.js'
import { itemEmbedding, normalized, weightedSum } from '../layers/sequence.js'

/** A few interests of the session out of many prototypes, weighed by what it turns to next. */
export const sine: Architecture = {
  className: 'SINE',
  needsUser: false,
  build(context) {
    const sizes = sizesOf(context)
    const items = { key: 'item_embedding.weight', shape: [context.itemCount, sizes.size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query: (net) => interests(net, itemEmbedding(net, items), sizes),
    })
  },
}

interface Sizes {
  readonly size: number
  readonly prototypes: number
  readonly interests: number
  readonly temperature: number
  readonly epsilon: number
}

function sizesOf({ settings }: ArchitectureContext): Sizes {
  const prototypes = settings.integer('prototype_size')
  const interests = settings.integer('interest_size')
  if (interests < 1 || interests > prototypes) {
    throw new RecserveError(
      'failed_precondition',
      `the model's interest_size is ${interests}; it can be 1 to prototype_size, ${prototypes}`,
    )
  }
  return {
    size: settings.integer('embedding_size'),
    prototypes,
    interests,
    temperature: settings.number('tau_ratio'),
    epsilon: settings.number('layer_norm_eps'),
  }
}

/** Interest vectors of the session, weighed by what comes next; float32 [B, size]. */
function interests(net: Network, x: string, sizes: Sizes): string {
  const { graph } = net
  const concepts = activeConcepts(net, x, sizes)
  const intents = intentShares(net, { x, concepts }, sizes)
  const shares = graph.emit('Mul', [intents, positionShares(net, x, sizes)])
  const byInterest = graph.emit('Transpose', [shares], { perm: { ints: [0, 2, 1] } })
  const vectors = normalized(net, graph.emit('MatMul', [byInterest, x]))
  const next = nextIntent(net, graph.emit('MatMul', [intents, concepts]), sizes)
  const column = graph.emit('Unsqueeze', [next, graph.ints([2])])
  const affinity = graph.emit('Squeeze', [graph.emit('MatMul', [vectors, column]), graph.ints([2])])
  const sharpened = graph.emit('Div', [affinity, graph.float(sizes.temperature)])
  return weightedSum(net, graph.emit('Softmax', [sharpened], { axis: { int: -1 } }), vectors)
}

/** A session's mean, with weights softmax(tanh(x · matrix) · vector) over the positions; float32 [B, size]. */
function attendedMean(net: Network, x: string, { matrix, vector, size }: Attention): string {
  const { graph } = net
  const active = graph.emit('Tanh', [timesParameter(net, x, { key: matrix, shape: [size, size] })])
  const logits = timesParameter(net, active, { key: vector, shape: [size] })
  return weightedSum(net, graph.emit('Softmax', [logits], { axis: { int: -1 } }), x)
}

interface Attention {
  readonly matrix: string
  readonly vector: string
  readonly size: number
}

/** The prototypes nearest to the session, least near first, each times its activation; float32 [B, interests, size]. */
function activeConcepts(net: Network, x: string, { size, prototypes, interests }: Sizes): string {
  const { graph } = net
  const session = attendedMean(net, x, { matrix: 'w1', vector: 'w2', size })
  const table = net.weight('C.weight', [prototypes, size])
  const scores = graph.emit('Gemm', [session, table], { transB: { int: 1 } })
  const top = graph.emitMany('TopK', [scores, graph.ints([interests])], { outputs: 2 })
  const rising = graph.ints(Array.from({ length: interests }, (_, i) => interests - 1 - i))
  const [values, ids] = top.map((value) => graph.emit('Gather', [value, rising], { axis: { int: 1 } }))
  const activation = graph.emit('Unsqueeze', [graph.emit('Sigmoid', [values!]), graph.ints([2])])
  return graph.emit('Mul', [graph.emit('Gather', [table, ids!]), activation])
}

/** How much of each position belongs to each interest, float32 [B, T, interests]. */
function intentShares(
  net: Network,
  { x, concepts }: { readonly x: string; readonly concepts: string },
  { size, epsilon }: Sizes,
): string {
  const { graph } = net
  const ofItems = normalized(net, timesParameter(net, x, { key: 'w3', shape: [size, size] }))
  const ofConcepts = layerNorm(net, concepts, { key: 'ln2', size, epsilon })
  const columns = graph.emit('Transpose', [ofConcepts], { perm: { ints: [0, 2, 1] } })
  return graph.emit('Softmax', [graph.emit('MatMul', [ofItems, columns])], { axis: { int: -1 } })
}

/** How much each position counts for each interest, float32 [B, T, interests]. */
function positionShares(net: Network, x: string, { size, interests }: Sizes): string {
  const { graph } = net
  const matrices = net.weight('w_k_1', [interests, size, size])
  const vectors = net.weight('w_k_2', [interests, size])
  // All of the interests' matrices side by side, [size, interests · size]; constant, so computed once.
  const byInput = graph.emit('Transpose', [matrices], { perm: { ints: [1, 0, 2] } })
  const sideBySide = graph.emit('Reshape', [byInput, graph.ints([size, interests * size])])
  const product = graph.emit('Tanh', [graph.emit('MatMul', [x, sideBySide])])
  const split = graph.emit('Reshape', [product, graph.ints([0, 0, interests, size])])
  const weighted = graph.emit('Mul', [split, vectors])
  const logits = graph.emit('ReduceSum', [weighted, graph.ints([3])], { keepdims: { int: 0 } })
  return graph.emit('Softmax', [logits], { axis: { int: 1 } })
}

/** What the session turns to next, float32 [B, size]. @param x float32 [B, T, size]: positions in terms of concepts */
function nextIntent(net: Network, x: string, { size, epsilon }: Sizes): string {
  const mean = attendedMean(net, x, { matrix: 'w3', vector: 'w4', size })
  return layerNorm(net, mean, { key: 'ln4', size, epsilon })
}
