/** SHAN: attention over the whole sequence, then over what came of it and the last places. */
import type { Architecture } from '../architecture.js'
import { integerWithin } from '../layers/integer-within.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import { isItem, itemEmbedding, weightedSum, withoutLastAxis } from '../layers/sequence.js'
import { userEmbedding } from '../layers/user.js'

/**
 * Ying et al., "Sequential Recommender System based on Hierarchical Attention Network", IJCAI 2018; RecBole's shan.py.
 * RecBole trains it on sequences with the padding in front, and asks it for all items with the padding behind:
 * the short-term part then sees the last places, which only long sequences fill.
 */
export const shan: Architecture = {
  className: 'SHAN',
  needsUser: true,
  build(context) {
    const { settings, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const recent = integerWithin(settings, 'short_item_length', { least: 0, most: maxLength })
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    // A slice of the last 0 is everything in Python.
    const start = recent === 0 ? 0 : maxLength - recent
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query(net) {
        const { graph } = net
        const user = userEmbedding(net, users)
        const x = itemEmbedding(net, items)
        const visible = isItem(net)
        const long = attentivePooling(net, { x, visible, user, size, key: 'long' })
        const from = (value: string) =>
          graph.emit('Slice', [value, graph.ints([start]), graph.ints([maxLength]), graph.ints([1])])
        const both = [graph.emit('Unsqueeze', [long, graph.ints([1])]), from(x)]
        return attentivePooling(net, {
          x: graph.emit('Concat', both, { axis: { int: 1 } }),
          visible: alsoFirst(net, from(visible)),
          user,
          size,
          key: 'long_short',
        })
      },
    })
  },
}

interface AttentivePoolingOptions {
  /** float32 [B, N, size]. */
  readonly x: string
  /** bool [B, N]. */
  readonly visible: string
  /** float32 [B, size]. */
  readonly user: string
  readonly size: number
  /** Reads `key_w.weight`, `key_w.bias` and `key_b`. */
  readonly key: string
}

/** Mean of vectors, weighted by the softmax of user · relu(W x + b). @returns float32 [B, size] */
function attentivePooling(net: Network, { x, visible, user, size, key }: AttentivePoolingOptions): string {
  const { graph } = net
  const dense = linear(net, x, { key: `${key}_w`, from: size, to: size })
  const active = graph.emit('Relu', [graph.emit('Add', [dense, net.weight(`${key}_b`, [size])])])
  const column = graph.emit('Unsqueeze', [user, graph.ints([2])])
  const logits = withoutLastAxis(net, graph.emit('MatMul', [active, column]))
  const shown = graph.emit('Where', [visible, logits, graph.float(-1e9)])
  return weightedSum(net, graph.emit('Softmax', [shown], { axis: { int: -1 } }), x)
}

/** Puts a true in front of each row; bool [B, N] → [B, N + 1]. */
function alsoFirst({ graph }: Network, visible: string): string {
  const numbers = graph.emit('Pad', [
    graph.cast(visible, 'float32'),
    graph.ints([0, 1, 0, 0]),
    graph.float(1),
  ])
  return graph.cast(numbers, 'bool')
}
