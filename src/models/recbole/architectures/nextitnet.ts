/** NextItNet: dilated causal convolutions over the padded sequence, as products of steps side by side. */
import { RecserveError } from '../../../core/errors.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Architecture } from '../architecture.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import { itemEmbedding } from '../layers/sequence.js'

/**
 * Yuan et al., "A Simple Convolutional Generative Network for Next Item Recommendation", WSDM 2019;
 * RecBole's nextitnet.py, which reads its answer at the last position of the padding.
 */
export const nextItNet: Architecture = {
  className: 'NextItNet',
  needsUser: false,
  build(context) {
    const { settings, itemCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const taps = settings.integer('kernel_size')
    const dilations = settings.numbers('dilations')
    const wrong = [taps, ...dilations].find((value) => !Number.isSafeInteger(value) || value < 1)
    if (wrong !== undefined) {
      throw new RecserveError(
        'failed_precondition',
        `the model's kernel_size or dilations hold ${wrong}; expected integers from 1`,
      )
    }
    const blocks = settings.integer('block_num') * dilations.length
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query(net) {
        const { graph } = net
        let x = itemEmbedding(net, items)
        for (let i = 0; i < blocks; i++) {
          const dilation = dilations[i % dilations.length]!
          x = residualBlock(net, x, { key: `residual_blocks.${i}`, size, taps, dilation, maxLength })
        }
        const last = graph.emit('Gather', [x, graph.int(-1)], { axis: { int: 1 } })
        return linear(net, last, { key: 'final_layer', from: size, to: size })
      },
    })
  },
}

interface Block {
  readonly key: string
  readonly size: number
  readonly taps: number
  readonly dilation: number
  readonly maxLength: number
}

/** Two causal convolutions, the second twice as wide; added to their input. RecBole's ResidualBlock_b. */
function residualBlock(net: Network, x: string, { key, ...block }: Block): string {
  const layer = (input: string, index: number, dilation: number) => {
    const output = causalConvolution(net, input, { ...block, key: `${key}.conv${index}`, dilation })
    const norm = layerNorm(net, output, { key: `${key}.ln${index}`, size: block.size, epsilon: 1e-8 })
    return net.graph.emit('Relu', [norm])
  }
  const first = layer(x, 1, block.dilation)
  return net.graph.emit('Add', [layer(first, 2, 2 * block.dilation), x])
}

/**
 * A convolution over time that looks back only, by `dilation` steps for each tap before the last: the steps side by side,
 * then one product. Reads `key.weight` [size, size, 1, taps] and `key.bias`. Taps that look back beyond the longest
 * sequence see zeros only, and are left out.
 * @param x float32 [B, maxLength, size]
 */
function causalConvolution(net: Network, x: string, { key, size, taps, ...block }: Block): string {
  const { graph } = net
  const weight = net.weights.get(`${key}.weight`, [size, size, 1, taps])
  const seen = Math.min(taps, Math.ceil(block.maxLength / block.dilation))
  const reach = (seen - 1) * block.dilation
  const padded = graph.emit('Pad', [x, graph.ints([0, reach, 0, 0, 0, 0])])
  const steps = Array.from({ length: seen }, (_, i) => {
    const from = i * block.dilation
    const slice = [graph.ints([from]), graph.ints([from + block.maxLength]), graph.ints([1])]
    return graph.emit('Slice', [padded, ...slice])
  })
  const inputs = graph.emit('Concat', steps, { axis: { int: -1 } })
  const product = graph.emit('MatMul', [inputs, graph.constant(lastTaps(weight, seen))])
  return graph.emit('Add', [product, net.weight(`${key}.bias`, [size])])
}

/** [out, in, 1, taps] → [count · in, out], of the last taps. */
function lastTaps({ data, shape }: Tensor<'float32'>, count: number): Tensor<'float32'> {
  const [size, , , taps] = shape as [number, number, number, number]
  const values = new Float32Array(count * size * size)
  for (let tap = 0; tap < count; tap++) {
    for (let i = 0; i < size * size; i++) {
      const [out, from] = [Math.floor(i / size), i % size]
      values[(tap * size + from) * size + out] = data[i * taps + taps - count + tap]!
    }
  }
  return tensor('float32', [count * size, size], values)
}
