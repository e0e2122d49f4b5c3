/** Scores behind an answer that is places only: found by what the graph does, not by what it is called. */
import type { FlatEdge } from './flat-graph.js'

/** Alias of an output that no signature declares and a run may ask for where `rankedScores` finds it. */
export const scoresAlias = 'scores'

/** Ops that pass the values of their first input on, in their order. */
const passing: ReadonlySet<string> = new Set([
  'Identity',
  'StopGradient',
  'Squeeze',
  'Reshape',
  'ExpandDims',
  'Cast',
])

/** What a `TopKV2` chose from, where the edge is the places it chose (its second output); undefined elsewhere. */
export function rankedScores(edge: FlatEdge): FlatEdge | undefined {
  let { node, output } = edge
  // A chain without a circle: loops go through Merge, which passes nothing on here.
  while (passing.has(node.op) && node.inputs[0] !== undefined) ({ node, output } = node.inputs[0])
  const isPlaces = (node.op === 'TopKV2' || node.op === 'TopK') && output === 1
  return isPlaces ? node.inputs[0] : undefined
}

/**
 * The one output that tells places, by its alias; undefined where there is none or several, or where a declared output has the
 * name already.
 *
 * @param fetches of the aliases, in their order
 */
export function placesOutput(aliases: readonly string[], fetches: readonly FlatEdge[]): string | undefined {
  if (aliases.includes(scoresAlias)) return undefined
  const found = aliases.filter((_, i) => rankedScores(fetches[i]!) !== undefined)
  return found.length === 1 ? found[0] : undefined
}
