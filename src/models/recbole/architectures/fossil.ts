/** FOSSIL: what a sequence resembles, and a Markov chain over its last items. */
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Architecture, Weights } from '../architecture.js'
import { fullLengthSum } from '../layers/full-length-sum.js'
import { integerWithin } from '../layers/integer-within.js'
import { type Network, type Table, vectorModel } from '../layers/network.js'
import { recentItems } from '../layers/recent-items.js'
import { weightedSum } from '../layers/sequence.js'

/**
 * He and McAuley, "Fusing Similarity Models with Markov Chains for Sparse Sequential Recommendation", ICDM 2016;
 * RecBole's fossil.py.
 */
export const fossil: Architecture = {
  className: 'FOSSIL',
  needsUser: true,
  build(context) {
    const { settings, weights, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const order = integerWithin(settings, 'order_len', { least: 1, most: maxLength })
    const alpha = settings.number('alpha')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const shares = userShares(weights, [userCount, order])
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { graph } = net
        const coefficient = graph.emit('Gather', [
          graph.constant(lengthPowers(maxLength, -alpha)),
          net.length,
        ])
        const similarity = graph.emit('Mul', [coefficient, fullLengthSum(net, items, maxLength)])
        return graph.emit('Add', [markovChain(net, { items, shares, order }), similarity])
      },
    })
  },
}

/** The last items, each with the user's share for its place; before the start there is nothing, not even the padding. */
function markovChain(
  net: Network,
  { items, shares, order }: { readonly items: Table; readonly shares: Tensor; readonly order: number },
): string {
  const { graph } = net
  const recent = recentItems(net, order)
  const ofUser = graph.emit('Gather', [graph.constant(shares), net.user])
  const isItem = graph.cast(graph.emit('Greater', [recent, graph.int(0)]), 'float32')
  const vectors = graph.emit('Gather', [net.weight(items.key, items.shape), recent])
  return weightedSum(net, graph.emit('Mul', [ofUser, isItem]), vectors)
}

/** λ of each user and place, everyone's part and the user's own: [users, order]. */
function userShares(weights: Weights, shape: readonly [number, number]): Tensor<'float32'> {
  const everyones = weights.get('lambda_', [shape[1]]).data
  const own = weights.get('user_lambda.weight', shape).data
  return tensor(
    'float32',
    shape,
    own.map((value, i) => value + everyones[i % shape[1]]!),
  )
}

/** length^exponent by length, [maxLength + 1, 1]; there is no length 0. */
function lengthPowers(maxLength: number, exponent: number): Tensor<'float32'> {
  const powers = Float32Array.from({ length: maxLength + 1 }, (_, length) => Math.max(length, 1) ** exponent)
  return tensor('float32', [maxLength + 1, 1], powers)
}
