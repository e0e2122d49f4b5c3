/**
 * RecBole's TransformerEncoder (recbole/model/layers.py): post-norm layers of multi-head attention
 * (Vaswani et al., "Attention Is All You Need", 2017) and a feed-forward network, with an additive mask.
 */
import { RecserveError } from '../../../core/errors.js'
import type { Settings } from '../architecture.js'
import { hiddenActivation } from './activation.js'
import { attend } from './attention.js'
import { layerNorm } from './layer-norm.js'
import { linear } from './linear.js'
import type { Network } from './network.js'
import { atLastItem, isItem, paddedLength } from './sequence.js'

export interface TransformerSizes {
  readonly hiddenSize: number
  readonly innerSize: number
  readonly heads: number
  readonly layers: number
  readonly hiddenActivation: string
  readonly epsilon: number
}

export interface TransformerOptions extends TransformerSizes {
  /** Of the encoder: reads `key.layer.0.multi_head_attention.query.weight` and so on. */
  readonly key: string
  /** Whether a position sees only itself and those before it; otherwise all items. */
  readonly isCausal: boolean
}

/** What RecBole adds to the logits of keys that must not be seen: e^−10000 is 0 in float32. */
const hidden = -10000

/** @throws RecserveError `data_loss` as `Settings`; `failed_precondition` for no layers, or heads that do not divide the hidden size */
export function transformerSizes(settings: Settings, hiddenSizeName = 'hidden_size'): TransformerSizes {
  const hiddenSize = settings.integer(hiddenSizeName)
  const heads = settings.integer('n_heads')
  if (heads < 1 || hiddenSize % heads !== 0) {
    throw new RecserveError(
      'failed_precondition',
      `the model's ${hiddenSizeName} ${hiddenSize} is not a multiple of its n_heads ${heads}`,
    )
  }
  const layers = settings.integer('n_layers')
  if (layers < 1) {
    throw new RecserveError('failed_precondition', `the model's n_layers is ${layers}; expected 1 at least`)
  }
  return {
    hiddenSize,
    heads,
    layers,
    innerSize: settings.integer('inner_size'),
    hiddenActivation: settings.text('hidden_act'),
    epsilon: settings.number('layer_norm_eps'),
  }
}

/**
 * The encoder's output at every position, float32 [B, T, hiddenSize].
 * Rows of the padding are of no meaning, and with a causal mask need no hiding from the rows before them.
 * @param x float32 [B, T, hiddenSize]
 */
export function transformer(net: Network, x: string, options: TransformerOptions): string {
  const mask = options.isCausal ? causalMask(net) : itemKeys(net)
  return transformerLayers(net, { x, mask }, options).at(-1) ?? x
}

/**
 * The output of every layer, first to last, for readers of more than the last item's row.
 * @param inputs.mask added to the logits, as `causalMask` and `itemKeys` make them
 * @returns each float32 [B, T, hiddenSize]
 */
export function transformerLayers(
  net: Network,
  { x, mask }: { readonly x: string; readonly mask: string },
  options: Omit<TransformerOptions, 'isCausal'>,
): readonly string[] {
  const outputs: string[] = []
  for (let index = 0; index < options.layers; index++) {
    const value = outputs.at(-1) ?? x
    outputs.push(transformerLayer(net, { query: value, keys: value, mask }, { ...options, index }))
  }
  return outputs
}

/**
 * The encoder's output at the last item of each request, float32 [B, hiddenSize]:
 * of the last layer only that position is computed.
 */
export function transformerAtLastItem(net: Network, x: string, options: TransformerOptions): string {
  const { graph } = net
  const last = options.layers - 1
  const keys = transformer(net, x, { ...options, layers: last })
  const query = graph.emit('Unsqueeze', [atLastItem(net, keys), graph.ints([1])])
  const layer = transformerLayer(net, { query, keys, mask: itemKeys(net) }, { ...options, index: last })
  return graph.emit('Squeeze', [layer, graph.ints([1])])
}

interface LayerInputs {
  /** float32 [B, Q, hiddenSize]: the positions to compute. */
  readonly query: string
  /** float32 [B, T, hiddenSize]: the positions they look at. */
  readonly keys: string
  /** float32, of a shape that spreads to [B, heads, Q, T]. */
  readonly mask: string
}

/** One layer: attention and feed-forward, each added to its input and normalised. @returns float32 [B, Q, hiddenSize] */
function transformerLayer(
  net: Network,
  inputs: LayerInputs,
  options: Omit<TransformerOptions, 'isCausal'> & { readonly index: number },
): string {
  const { hiddenSize: size, epsilon } = options
  const key = `${options.key}.layer.${options.index}`
  const attention = `${key}.multi_head_attention`
  const context = multiHeadAttention(net, inputs, { ...options, key: attention })
  const dense = linear(net, context, { key: `${attention}.dense`, from: size, to: size })
  const sum = net.graph.emit('Add', [dense, inputs.query])
  const attended = layerNorm(net, sum, { key: `${attention}.LayerNorm`, size, epsilon })
  return feedForward(net, attended, { ...options, key: `${key}.feed_forward` })
}

/** RecBole's FeedForward: two linear layers, added to the input and normalised. */
export function feedForward(
  net: Network,
  x: string,
  options: Omit<TransformerSizes, 'heads' | 'layers'> & { readonly key: string },
): string {
  const { key, hiddenSize: size, innerSize, epsilon } = options
  const inner = linear(net, x, { key: `${key}.dense_1`, from: size, to: innerSize })
  const active = hiddenActivation(net.graph, options.hiddenActivation, inner)
  const outer = linear(net, active, { key: `${key}.dense_2`, from: innerSize, to: size })
  return layerNorm(net, net.graph.emit('Add', [outer, x]), { key: `${key}.LayerNorm`, size, epsilon })
}

function multiHeadAttention(
  net: Network,
  { query, keys, mask }: LayerInputs,
  { key, hiddenSize: size, heads }: TransformerSizes & { readonly key: string },
): string {
  const project = (x: string, name: string) => linear(net, x, { key: `${key}.${name}`, from: size, to: size })
  return attend(net.graph, {
    query: project(query, 'query'),
    key: project(keys, 'key'),
    value: project(keys, 'value'),
    mask,
    heads,
    size,
  })
}

/** Visible to query t are the keys up to t; float32 [T, T]. */
export function causalMask(net: Network): string {
  const { graph } = net
  const length = paddedLength(net)
  const positions = graph.emit('Range', [graph.int(0), graph.emit('Squeeze', [length]), graph.int(1)])
  const column = graph.emit('Unsqueeze', [positions, graph.ints([1])])
  return additiveMask(net, graph.emit('LessOrEqual', [positions, column]))
}

/** Visible are the keys that are items; float32 [B, 1, 1, T]. */
export function itemKeys(net: Network): string {
  return additiveMask(net, net.graph.emit('Unsqueeze', [isItem(net), net.graph.ints([1, 2])]))
}

/** 0 where visible, −10000 where not. */
function additiveMask({ graph }: Network, visible: string): string {
  return graph.emit('Where', [visible, graph.float(0), graph.float(hidden)])
}
