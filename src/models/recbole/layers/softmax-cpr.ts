/**
 * Softmax-CPR (Chang, Agarwal and McCallum, "To Copy, or not to Copy; That is a Critical Issue of the Output Softmax Layer
 * in Neural Sequential Recommenders", WSDM 2024), as RecBole's gru4reccpr.py and sasreccpr.py have it: several linear
 * layers (facets) give the logits of all items, of the best ones (rerankers) and of those in the sequence (context, pointers).
 */
import type { GraphBuilder } from '../../../formats/onnx/graph-builder.js'
import type { ArchitectureContext } from '../architecture.js'
import { type CprSettings, cprSettings } from './cpr-settings.js'
import { facetInput } from './facet-input.js'
import { linear } from './linear.js'
import type { Network, Table } from './network.js'

/** What becomes of the logit of an item in the sequence. */
export type ContextMerging = 'replace' | 'add' | 'half' | 'none'

export interface CprInputs {
  /** Outputs of the encoder's layers, the top one first; each float32 [B, maxLength, size]. */
  readonly hidden: readonly string[]
  readonly size: number
  /** The table of the output layer, [itemCount, size]. */
  readonly items: Table
  readonly merging: ContextMerging
}

/** A facet reads these. */
interface Facets {
  readonly net: Network
  readonly settings: CprSettings
  readonly size: number
  /** float32 [itemCount, size]. */
  readonly items: string
  /** Input of the facets at every position, float32 [B, maxLength, width]. */
  readonly everywhere: string
  /** The same at the last position, padding or not, float32 [B, width]. */
  readonly last: string
  readonly width: number
}

/** Probabilities of all items, float32 [B, itemCount]. */
export function softmaxCpr(net: Network, context: ArchitectureContext, inputs: CprInputs): string {
  const { graph } = net
  const { size, merging } = inputs
  const settings = cprSettings(context, inputs.hidden.length)
  const everywhere = facetInput(net, inputs, settings)
  const last = graph.emit('Gather', [everywhere, graph.int(-1)], { axis: { int: 1 } })
  const items = net.weight(inputs.items.key, inputs.items.shape)
  const width = size * (1 + settings.mlp)
  const facets = { net, settings, size, items, everywhere, last, width }
  const pointers = settings.pointers ? pointerLogits(facets) : undefined
  const logits = Array.from({ length: settings.facets }, (_, i) => {
    const ranked = rerank(
      facets,
      graph.emit('Gemm', [project(facets, last, i), items], { transB: { int: 1 } }),
      i,
    )
    if (i >= settings.contexts || merging === 'none') return ranked
    return mergeContext(net, ranked, { merging, found: contextLogits(facets, i, pointers) })
  })
  const probabilities = mix(facets, logits)
  return settings.removesContext ? withoutSequence(net, probabilities) : probabilities
}

/** One of the linear layers, in the order of their making: facets, rerankers, contexts, pointers. */
function project({ net, settings, size, width }: Facets, x: string, index: number): string {
  const key = `project_arr.${index}`
  return linear(net, x, { key, from: width, to: size, bias: settings.projectionBias })
}

/** The logits of the best items, computed anew. @param logits float32 [B, itemCount] */
function rerank(facets: Facets, logits: string, index: number): string {
  const { net, settings, items, last } = facets
  const { graph } = net
  if (index >= settings.rerankers) return logits
  let ranked = logits
  for (const [j, candidates] of settings.candidates.entries()) {
    const [, best] = graph.emitMany('TopK', [ranked, graph.ints([candidates])], { outputs: 2 }) as [
      string,
      string,
    ]
    const vector = project(facets, last, settings.facets + index * settings.candidates.length + j)
    const again = products(graph, graph.emit('Gather', [items, best]), vector)
    ranked = graph.emit('ScatterElements', [ranked, best, again], {
      axis: { int: 1 },
      reduction: { string: settings.addsReranked ? 'add' : 'none' },
    })
  }
  return ranked
}

/** Products of each row's vectors with its one vector: [B, N, size] and [B, size] → [B, N]. */
function products(graph: GraphBuilder, vectors: string, vector: string): string {
  const column = graph.emit('Unsqueeze', [vector, graph.ints([2])])
  return graph.emit('Squeeze', [graph.emit('MatMul', [vectors, column]), graph.ints([2])])
}

/** What every position says of its item, float32 [B, maxLength]. */
function pointerLogits(facets: Facets): string {
  const { net, settings, everywhere, last } = facets
  const first = settings.facets + settings.rerankers * settings.candidates.length + settings.contexts
  return products(net.graph, project(facets, everywhere, first + 1), project(facets, last, first))
}

/** The logit of the item at every position, the same wherever the item recurs: float32 [B, maxLength]. */
function contextLogits(facets: Facets, index: number, pointers: string | undefined): string {
  const { net, settings, items, last } = facets
  const { graph } = net
  const at = settings.facets + settings.rerankers * settings.candidates.length + index
  const context = products(graph, graph.emit('Gather', [items, net.items]), project(facets, last, at))
  const same = sameItem(net)
  const total = (values: string) => products(graph, same, values)
  const count = graph.emit('ReduceSum', [same, graph.ints([2])], { keepdims: { int: 0 } })
  const mean = (values: string) => graph.emit('Div', [total(values), count])
  if (pointers === undefined) return mean(context)
  if (settings.averagesPointers) return mean(graph.emit('Add', [context, pointers]))
  return graph.emit('Add', [mean(context), total(pointers)])
}

/** 1 where two positions hold the same item, or both none; float32 [B, maxLength, maxLength]. */
function sameItem({ graph, items }: Network): string {
  const rows = graph.emit('Unsqueeze', [items, graph.ints([2])])
  const columns = graph.emit('Unsqueeze', [items, graph.ints([1])])
  return graph.cast(graph.emit('Equal', [rows, columns]), 'float32')
}

/** @param logits float32 [B, itemCount] */
function mergeContext(
  { graph, items }: Network,
  logits: string,
  { merging, found }: { readonly merging: ContextMerging; readonly found: string },
): string {
  const before = () => graph.emit('GatherElements', [logits, items], { axis: { int: 1 } })
  const half = () => graph.emit('Div', [before(), graph.float(2)])
  const merged =
    merging === 'replace' ? found : graph.emit('Add', [merging === 'half' ? half() : before(), found])
  return graph.emit('ScatterElements', [logits, items, merged], { axis: { int: 1 } })
}

/** A mixture of the facets' softmaxes, or the softmax of their largest logits. */
function mix({ net, settings, last, width }: Facets, logits: readonly string[]): string {
  const { graph } = net
  const softmax = (x: string) => graph.emit('Softmax', [x], { axis: { int: -1 } })
  if (settings.weighting === 'max_logits') return softmax(graph.emit('Max', logits))
  if (logits.length === 1) return softmax(logits[0]!)
  const shares = facetShares({ net, settings, last, width })
  const parts = logits.map((facet, i) => {
    const share = graph.emit('Gather', [shares, graph.ints([i])], { axis: { int: -1 } })
    return graph.emit('Mul', [softmax(facet), share])
  })
  return graph.emit('Sum', parts)
}

/** float32 [B, facets], or [facets] where they are the same for every request. */
function facetShares({
  net,
  settings,
  last,
  width,
}: Pick<Facets, 'net' | 'settings' | 'last' | 'width'>): string {
  const { graph } = net
  const { facets, weighting } = settings
  const softmax = (x: string) => graph.emit('Softmax', [x], { axis: { int: -1 } })
  if (weighting === 'dynamic') {
    return softmax(linear(net, last, { key: 'weight_facet_decoder', from: width, to: facets }))
  }
  if (weighting === 'static') return softmax(net.weight('weight_global', [facets]))
  return graph.emit('Expand', [graph.float(1 / facets), graph.ints([facets])])
}

/** Probability 0 for the items of the sequence. */
function withoutSequence({ graph, items }: Network, probabilities: string): string {
  const nothing = graph.emit('Expand', [graph.float(0), graph.emit('Shape', [items])])
  return graph.emit('ScatterElements', [probabilities, items, nothing], { axis: { int: 1 } })
}
