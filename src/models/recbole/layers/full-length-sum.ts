import { tensor } from '../../../tensor/tensor.js'
import type { Network, Table } from './network.js'
import { itemEmbedding, paddedLength } from './sequence.js'

/**
 * The sum of the item vectors at all `maxLength` positions, where the positions past T count as those before them do:
 * each adds the padding's row, which is not zero.
 * @returns float32 [B, columns]
 */
export function fullLengthSum(net: Network, items: Table, maxLength: number): string {
  const { graph } = net
  const columns = items.shape[1]
  const padding = net.weights.get(items.key, items.shape).data.slice(0, columns)
  const missing = graph.cast(graph.emit('Sub', [graph.int(maxLength), paddedLength(net)]), 'float32')
  const present = graph.emit('ReduceSum', [itemEmbedding(net, items), graph.ints([1])], {
    keepdims: { int: 0 },
  })
  const absent = graph.emit('Mul', [missing, graph.constant(tensor('float32', [columns], padding))])
  return graph.emit('Add', [present, absent])
}
