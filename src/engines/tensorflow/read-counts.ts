import type { FlatEdge, FlatGraph } from './flat-graph.js'

/** By node index, how many of a node's outputs are read: up to the last one that is. */
export function countReads({ nodes, fetches }: FlatGraph): number[] {
  const reads = nodes.map(() => 0)
  const read = ({ node, output }: FlatEdge) => {
    reads[node.index] = Math.max(reads[node.index]!, output + 1)
  }
  for (const node of nodes) node.inputs.forEach(read)
  fetches.forEach(read)
  return reads
}
