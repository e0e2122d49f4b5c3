import type { Architecture } from '../architecture.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import { atLastItem, forEveryPosition, itemMask, weightedSum, withoutLastAxis } from '../layers/sequence.js'
import { sessionFeeds, sessionNet } from '../layers/session-graph.js'

/** Wu et al., "Session-based Recommendation with Graph Neural Networks", AAAI 2019; RecBole's srgnn.py. */
export const srGnn: Architecture = {
  className: 'SRGNN',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const steps = settings.integer('step')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'batch',
      feeds: sessionFeeds,
      query(net) {
        const x = sessionNet(net, { items, steps, hasEdgeBias: true })
        const last = atLastItem(net, x)
        const all = weightedSum(net, attention(net, { x, last, size }), x)
        const both = net.graph.emit('Concat', [all, last], { axis: { int: -1 } })
        return linear(net, both, { key: 'linear_transform', from: 2 * size, to: size })
      },
    })
  },
}

/** The weight of each position, float32 [B, T]: no softmax; 0 on the padding. */
function attention(
  net: Network,
  { x, last, size }: { readonly x: string; readonly last: string; readonly size: number },
): string {
  const { graph } = net
  const square = { from: size, to: size }
  const ofLast = forEveryPosition(net, linear(net, last, { key: 'linear_one', ...square }))
  const ofItem = linear(net, x, { key: 'linear_two', ...square })
  const active = graph.emit('Sigmoid', [graph.emit('Add', [ofLast, ofItem])])
  const weights = linear(net, active, { key: 'linear_three', from: size, to: 1, bias: false })
  return graph.emit('Mul', [withoutLastAxis(net, weights), itemMask(net)])
}
