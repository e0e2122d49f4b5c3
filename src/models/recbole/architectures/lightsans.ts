/**
 * Fan et al., "Lighter and Better: Low-Rank Decomposed Self-Attention Networks for Next-Item Recommendation", SIGIR 2021;
 * RecBole's lightsans.py and layers.py. There is no mask: the padding takes part.
 */
import type { Architecture } from '../architecture.js'
import { joinHeads, splitHeads } from '../layers/attention.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import { timesParameter } from '../layers/parameter.js'
import { atLastItem, forEveryPosition, itemEmbedding } from '../layers/sequence.js'
import { feedForward, type TransformerSizes, transformerSizes } from '../layers/transformer.js'

/** Attention to a few interests of the session in place of its items. */
export const lightSans: Architecture = {
  className: 'LightSANs',
  needsUser: false,
  build(context) {
    const { settings, itemCount, maxLength } = context
    const sizes = transformerSizes(settings)
    const { hiddenSize: size, epsilon } = sizes
    const interests = settings.integer('k_interests')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query(net) {
        let x = layerNorm(net, itemEmbedding(net, items), { key: 'LayerNorm', size, epsilon })
        for (let i = 0; i < sizes.layers; i++) {
          const isLast = i === sizes.layers - 1
          x = layer(net, x, { ...sizes, key: `trm_encoder.layer.${i}`, interests, maxLength, isLast })
        }
        return net.graph.emit('Squeeze', [x, net.graph.ints([1])])
      },
    })
  },
}

interface LayerOptions extends TransformerSizes {
  readonly key: string
  readonly interests: number
  readonly maxLength: number
  /** Whether only the position of the last item is wanted. */
  readonly isLast: boolean
}

/** @returns float32 [B, L, size], or [B, 1, size] of the last layer */
function layer(net: Network, x: string, options: LayerOptions): string {
  const { hiddenSize: size, epsilon, isLast } = options
  const key = `${options.key}.multi_head_attention`
  const wanted = isLast ? forEveryPosition(net, atLastItem(net, x)) : x
  const context = attention(net, x, { ...options, key })
  const dense = linear(net, context, { key: `${key}.dense`, from: size, to: size })
  const sum = net.graph.emit('Add', [dense, wanted])
  const attended = layerNorm(net, sum, { key: `${key}.LayerNorm`, size, epsilon })
  return feedForward(net, attended, { ...options, key: `${options.key}.feed_forward` })
}

/** Attention to a few interests of the session, and to positions whatever is there. */
function attention(net: Network, x: string, options: LayerOptions): string {
  const { graph } = net
  const { key, hiddenSize: size, heads, interests, isLast } = options
  const width = size / heads
  const project = (name: string) => linear(net, x, { key: `${key}.${name}`, from: size, to: size })
  const [query, keys, values] = [project('query'), project('key'), project('value')]
  const pooled = (y: string, name: string) =>
    pool(net, y, { key: `${key}.attpooling_${name}`, size, interests })
  const queries = splitHeads(graph, query, { heads, width })
  const interestKeys = splitHeads(graph, pooled(keys, 'key'), { heads, width, perm: [0, 2, 3, 1] })
  const interestValues = splitHeads(graph, pooled(values, 'value'), { heads, width })
  const shares = overQueries(net, { query: queries, key: interestKeys, width })
  const rows = isLast ? (y: string) => rowAtLastItem(net, y) : (y: string) => y
  const positions = positionShares(net, options)
  const ofPositions = isLast ? constantRowAtLastItem(net, positions) : positions
  const items = graph.emit('MatMul', [rows(shares), interestValues])
  const places = graph.emit('MatMul', [ofPositions, splitHeads(graph, values, { heads, width })])
  return joinHeads(graph, graph.emit('Add', [items, places]), size)
}

/** Interests of a session: means of its positions with weights softmax over the positions. @returns [B, interests, size] */
function pool(
  net: Network,
  y: string,
  { key, size, interests }: { readonly key: string; readonly size: number; readonly interests: number },
): string {
  const { graph } = net
  const logits = timesParameter(net, y, { key: `${key}.theta`, shape: [size, interests] })
  const shares = graph.emit('Softmax', [logits], { axis: { int: 1 } })
  return graph.emit('MatMul', [graph.emit('Transpose', [shares], { perm: { ints: [0, 2, 1] } }), y])
}

/** softmax of q · k / √width over the queries, as the library has it: the last axis but one. */
function overQueries(
  { graph }: Network,
  { query, key, width }: { readonly query: string; readonly key: string; readonly width: number },
): string {
  const logits = graph.emit('Div', [graph.emit('MatMul', [query, key]), graph.float(Math.sqrt(width))])
  return graph.emit('Softmax', [logits], { axis: { int: 2 } })
}

/** What positions look at, [1, heads, L, L]: made of weights alone, so the runtime computes it once. */
function positionShares(net: Network, options: LayerOptions): string {
  const { graph } = net
  const { key, hiddenSize: size, heads, maxLength, epsilon } = options
  const width = size / heads
  const table = net.weight('position_embedding.weight', [maxLength, size])
  const rows = layerNorm(net, batchOfOne(net, table), { key: `${key}.pos_ln`, size, epsilon })
  const project = (name: string) => linear(net, rows, { key: `${key}.${name}`, from: size, to: size })
  const query = splitHeads(graph, project('pos_q_linear'), { heads, width })
  const scaled = graph.emit('Mul', [query, graph.float((2 * width) ** -0.5)])
  const positionKeys = splitHeads(graph, project('pos_k_linear'), { heads, width, perm: [0, 2, 3, 1] })
  return overQueries(net, { query: scaled, key: positionKeys, width })
}

/** [L, size] → [1, L, size]. */
const batchOfOne = ({ graph }: Network, table: string) => graph.emit('Unsqueeze', [table, graph.ints([0])])

/** The row at the last item: [B, heads, L, K] → [B, heads, 1, K]. */
function rowAtLastItem(net: Network, y: string): string {
  const { graph } = net
  const byPosition = graph.emit('Transpose', [y], { perm: { ints: [0, 2, 1, 3] } })
  return graph.emit('Unsqueeze', [atLastItem(net, byPosition), graph.ints([2])])
}

/** The same of a matrix all requests share: [1, heads, L, L] → [B, heads, 1, L]. */
function constantRowAtLastItem(net: Network, y: string): string {
  const { graph } = net
  const byPosition = graph.emit('Transpose', [y], { perm: { ints: [2, 0, 1, 3] } })
  const rows = graph.emit('Squeeze', [byPosition, graph.ints([1])])
  const last = graph.emit('Gather', [rows, graph.emit('Sub', [net.length, graph.int(1)])])
  return graph.emit('Unsqueeze', [last, graph.ints([2])])
}
