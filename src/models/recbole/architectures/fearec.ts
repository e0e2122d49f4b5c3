/**
 * Du et al., "Frequency Enhanced Hybrid Attention Network for Sequential Recommendation", SIGIR 2023; RecBole's fearec.py.
 * Lags are found by correlation over the whole padded sequence, so the padding takes part.
 */
import type { GraphBuilder } from '../../../formats/onnx/graph-builder.js'
import type { Architecture, ArchitectureContext } from '../architecture.js'
import { attend } from '../layers/attention.js'
import { bandPass, forwardTransform, inverseTransform } from '../layers/fourier.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import { atLastItem, forEveryPosition, itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import {
  causalMask,
  feedForward,
  itemKeys,
  type TransformerSizes,
  transformerSizes,
} from '../layers/transformer.js'
import { checkFrequencySettings, frequencyBand, frequencyCount, lagCount } from './fearec-band.js'

/** Attention to lags at which the session repeats itself, by band of frequencies and layer. */
export const feaRec: Architecture = {
  className: 'FEARec',
  needsUser: false,
  build(context) {
    checkFrequencySettings(context)
    const { itemCount, maxLength } = context
    const sizes = transformerSizes(context.settings)
    const { hiddenSize: size, epsilon } = sizes
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const positions = { key: 'position_embedding.weight', shape: [maxLength, size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query(net) {
        const sum = net.graph.emit('Add', [itemEmbedding(net, items), positionEmbedding(net, positions)])
        let x = layerNorm(net, sum, { key: 'LayerNorm', size, epsilon })
        for (let i = 0; i < sizes.layers; i++) x = layer(net, x, { ...sizes, ...layerOptions(context, i) })
        return net.graph.emit('Squeeze', [x, net.graph.ints([1])])
      },
    })
  },
}

interface LayerOptions extends TransformerSizes {
  readonly key: string
  readonly maxLength: number
  /** Whether only the position of the last item is wanted. */
  readonly isLast: boolean
  readonly band: readonly number[]
  readonly lags: number
  /** The part of attention between positions in the result; undefined where there is none. */
  readonly spatialShare: number | undefined
  /** Whether that attention sees the layer's frequencies only. */
  readonly isBandLimited: boolean
}

function layerOptions(context: ArchitectureContext, index: number) {
  const { settings, maxLength } = context
  return {
    key: `item_encoder.layer.${index}`,
    maxLength,
    isLast: index === settings.integer('n_layers') - 1,
    band: frequencyBand(context, index),
    lags: lagCount(context),
    spatialShare: settings.flag('dual_domain') ? settings.number('spatial_ratio') : undefined,
    isBandLimited: settings.has('std') && settings.flag('std'),
  }
}

/** @returns float32 [B, L, size], or [B, 1, size] of the last layer */
function layer(net: Network, x: string, options: LayerOptions): string {
  const { hiddenSize: size, epsilon, isLast } = options
  const key = `${options.key}.hybrid_attention`
  const wanted = isLast ? forEveryPosition(net, atLastItem(net, x)) : x
  const context = hybridAttention(net, x, { ...options, key })
  const dense = linear(net, context, { key: `${key}.dense`, from: size, to: size })
  const sum = net.graph.emit('Add', [dense, wanted])
  const attended = layerNorm(net, sum, { key: `${key}.LayerNorm`, size, epsilon })
  return feedForward(net, attended, { ...options, key: `${options.key}.feed_forward` })
}

function hybridAttention(net: Network, x: string, options: LayerOptions): string {
  const { graph } = net
  const { key, hiddenSize: size, spatialShare } = options
  const project = (name: string) => linear(net, x, { key: `${key}.${name}`, from: size, to: size })
  const inputs = { query: project('query_layer'), key: project('key_layer'), value: project('value_layer') }
  const shifted = autoCorrelation(net, inputs, options)
  if (spatialShare === undefined) return shifted
  const attended = spatialAttention(net, inputs, options)
  const parts = [
    graph.emit('Mul', [shifted, graph.float(1 - spatialShare)]),
    graph.emit('Mul', [attended, graph.float(spatialShare)]),
  ]
  return graph.emit('Add', parts)
}

/** Float32 [B, L, size] each. */
interface Projections {
  readonly query: string
  readonly key: string
  readonly value: string
}

/** Values at a few lags later, each weighed by how well the session correlates with itself at that lag. */
function autoCorrelation(net: Network, inputs: Projections, options: LayerOptions): string {
  const { graph } = net
  const { lags, maxLength, isLast, hiddenSize: size } = options
  const [correlations, delays] = graph.emitMany(
    'TopK',
    [correlation(net, inputs, options), graph.ints([lags])],
    {
      outputs: 2,
    },
  ) as [string, string]
  const weights = graph.emit('Softmax', [correlations], { axis: { int: -1 } })
  const positions = isLast
    ? lastPosition(net)
    : graph.emit('Range', [graph.int(0), graph.int(maxLength), graph.int(1)])
  // [B, lags, 1] + [L] or [B, 1, 1].
  const later = graph.emit('Add', [graph.emit('Unsqueeze', [delays, graph.ints([2])]), positions])
  const places = graph.emit('Unsqueeze', [graph.emit('Mod', [later, graph.int(maxLength)]), graph.ints([3])])
  const values = graph.emit('GatherND', [inputs.value, places], { batch_dims: { int: 1 } })
  return weighLags(graph, { values, weights, lags, size })
}

/** The position of the last item, int64 [B, 1, 1]. */
function lastPosition({ graph, length }: Network): string {
  return graph.emit('Unsqueeze', [graph.emit('Sub', [length, graph.int(1)]), graph.ints([1, 2])])
}

/** Σ over the lags of values [B, lags, P, size] times weights [B, lags]; float32 [B, P, size]. */
function weighLags(
  graph: GraphBuilder,
  sum: { readonly values: string; readonly weights: string; readonly lags: number; readonly size: number },
): string {
  const { values, weights, lags, size } = sum
  const row = graph.emit('Unsqueeze', [weights, graph.ints([1])])
  const flat = graph.emit('Reshape', [values, graph.ints([0, lags, -1])])
  return graph.emit('Reshape', [graph.emit('MatMul', [row, flat]), graph.ints([0, -1, size])])
}

/**
 * Cross-correlation of queries and keys at every lag within the band, mean over the channels: by the convolution theorem
 * irfft(rfft(q) · conj(rfft(k))). An odd L gives L − 1 lags, as `irfft` has it.
 * @returns float32 [B, lags there are]
 */
function correlation(net: Network, { query, key }: Projections, { band, maxLength }: LayerOptions): string {
  const { graph } = net
  const lagsThereAre = 2 * (frequencyCount(maxLength) - 1)
  const forward = graph.constant(forwardTransform(band, maxLength))
  const halves = (x: string) => {
    const spectrum = graph.emit('MatMul', [forward, x])
    const attributes = { axis: { int: 1 }, num_outputs: { int: 2 } }
    return graph.emitMany('Split', [spectrum], { outputs: 2, attributes }) as [string, string]
  }
  const [queryReal, queryImaginary] = halves(query)
  const [keyReal, keyImaginary] = halves(key)
  const product = (a: string, b: string) => graph.emit('Mul', [a, b])
  const real = graph.emit('Add', [product(queryReal, keyReal), product(queryImaginary, keyImaginary)])
  const imaginary = graph.emit('Sub', [product(queryImaginary, keyReal), product(queryReal, keyImaginary)])
  const both = graph.emit('Concat', [real, imaginary], { axis: { int: 1 } })
  const mean = graph.emit('ReduceMean', [both, graph.ints([2])], { keepdims: { int: 0 } })
  return graph.emit('MatMul', [mean, graph.constant(inverseTransform(band, lagsThereAre))])
}

/** Causal attention between positions, of band-limited sequences where asked for. */
function spatialAttention(net: Network, inputs: Projections, options: LayerOptions): string {
  const { graph } = net
  const { heads, hiddenSize: size, isLast, isBandLimited, band, maxLength } = options
  const filter = graph.constant(bandPass(band, maxLength))
  const limited = (x: string) => (isBandLimited ? graph.emit('MatMul', [filter, x]) : x)
  const query = limited(inputs.query)
  return attend(graph, {
    query: isLast ? forEveryPosition(net, atLastItem(net, query)) : query,
    key: limited(inputs.key),
    value: limited(inputs.value),
    // Rows of the padding count in the layers that follow: they too must not see what is no item.
    mask: isLast ? itemKeys(net) : graph.emit('Min', [causalMask(net), itemKeys(net)]),
    heads,
    size,
  })
}
