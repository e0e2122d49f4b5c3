/** Caser: a sequence as an image, seen through filters over positions and over channels. */
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Architecture } from '../architecture.js'
import { integerWithin } from '../layers/integer-within.js'
import { linear } from '../layers/linear.js'
import { type Network, type Table, vectorModel } from '../layers/network.js'
import { itemEmbedding } from '../layers/sequence.js'
import { userEmbedding } from '../layers/user.js'

interface Filters {
  readonly size: number
  readonly maxLength: number
  /** Filters of each kind and height: `nv` over all positions of a channel, `nh` over some positions of all channels. */
  readonly vertical: number
  readonly horizontal: number
}

/**
 * Tang and Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence Embedding", WSDM 2018;
 * RecBole's caser.py. The padding is part of the image that is convolved.
 */
export const caser: Architecture = {
  className: 'Caser',
  needsUser: true,
  build(context) {
    const { settings, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const filters = {
      size,
      maxLength,
      vertical: integerWithin(settings, 'nv', { least: 1 }),
      horizontal: integerWithin(settings, 'nh', { least: 1 }),
    }
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query: (net) => personalised(net, convolved(net, items, filters), { users, filters }),
    })
  },
}

/** Fully connected layers of what the filters saw and of the user. @returns float32 [B, size] */
function personalised(
  net: Network,
  seen: string,
  { users, filters }: { readonly users: Table; readonly filters: Filters },
): string {
  const { size, maxLength, vertical, horizontal } = filters
  const from = vertical * size + horizontal * maxLength
  const z = net.graph.emit('Relu', [linear(net, seen, { key: 'fc1', from, to: size })])
  const both = net.graph.emit('Concat', [z, userEmbedding(net, users)], { axis: { int: 1 } })
  return net.graph.emit('Relu', [linear(net, both, { key: 'fc2', from: 2 * size, to: size })])
}

/** @returns float32 [B, vertical · size + horizontal · maxLength] */
function convolved(net: Network, items: Table, filters: Filters): string {
  const { graph } = net
  const image = itemEmbedding(net, items)
  const channel = graph.emit('Unsqueeze', [image, graph.ints([1])])
  const heights = Array.from({ length: filters.maxLength }, (_, i) => i + 1)
  const maxima = heights.map((height) => horizontalMaximum(net, channel, { ...filters, height }))
  const horizontal = graph.emit('Relu', [graph.emit('Concat', maxima, { axis: { int: 1 } })])
  return graph.emit('Concat', [verticalSums(net, image, filters), horizontal], { axis: { int: 1 } })
}

/** Each filter is one weight per position, the same for every channel. @returns float32 [B, vertical · size] */
function verticalSums(net: Network, image: string, { vertical, size, maxLength }: Filters): string {
  const { graph, weights } = net
  const kernels = weights.get('conv_v.weight', [vertical, 1, maxLength, 1])
  const weight = graph.constant(reshaped(kernels, [vertical, maxLength]))
  const bias = graph.constant(reshaped(weights.get('conv_v.bias', [vertical]), [vertical, 1]))
  const sums = graph.emit('Add', [graph.emit('MatMul', [weight, image]), bias])
  return graph.emit('Reshape', [sums, graph.ints([0, vertical * size])])
}

/**
 * What filters over `height` items find where they find most; rectified later, which is the same.
 * @param channel float32 [B, 1, maxLength, size]
 * @returns float32 [B, horizontal]
 */
function horizontalMaximum(
  net: Network,
  channel: string,
  { height, horizontal, size }: Filters & { readonly height: number },
): string {
  const key = `conv_h.${height - 1}`
  const kernels = net.weight(`${key}.weight`, [horizontal, 1, height, size])
  const found = net.graph.emit('Conv', [channel, kernels, net.weight(`${key}.bias`, [horizontal])])
  return net.graph.emit('ReduceMax', [found, net.graph.ints([2, 3])], { keepdims: { int: 0 } })
}

const reshaped = ({ data }: Tensor<'float32'>, shape: readonly number[]): Tensor<'float32'> =>
  tensor('float32', shape, data)
