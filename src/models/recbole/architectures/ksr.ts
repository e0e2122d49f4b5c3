/** KSR: a recurrent encoder beside a memory that the entities of a knowledge graph fill. */
import { RecserveError } from '../../../core/errors.js'
import type { Tensor } from '../../../tensor/tensor.js'
import type { Architecture, ArchitectureContext } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linearRows, sideBySide, tableOf, toTensor } from '../layers/item-table.js'
import { linear } from '../layers/linear.js'
import { type Network, queryGraph, type Table } from '../layers/network.js'
import { recurrence } from '../layers/recurrence.js'
import { itemMask, weightedSum } from '../layers/sequence.js'

/**
 * Huang et al., "Improving Sequential Recommendation with Knowledge-Enhanced Memory Networks", SIGIR 2018; RecBole's ksr.py.
 * Beside a GRU, each request fills a memory with a slot per relation, whose keys are preloaded vectors.
 */
export const ksr: Architecture = {
  className: 'KSR',
  needsUser: false,
  build(context) {
    const { settings, weights, itemCount } = context
    const size = settings.integer('embedding_size')
    const entitySize = settings.integer('kg_embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const entities = { key: 'entity_embedding.weight', shape: [itemCount, entitySize] } as const
    const relations = relationKeys(context, entitySize)
    const graph = queryGraph(context, (net) => {
      const { last } = gru(net, itemsByStep(net, items), {
        key: 'gru_layers',
        inputSize: size,
        hiddenSize,
        layers: settings.integer('num_layers'),
        bias: false,
        length: net.length,
      })
      const question = linear(net, last, { key: 'dense', from: hiddenSize, to: entitySize })
      const memory = filledMemory(net, { entities, relations })
      const read = readMemory(net, { question, memory, relations, gamma: settings.number('gamma') })
      const both = net.graph.emit('Concat', [last, read], { axis: { int: 1 } })
      return linear(net, both, { key: 'dense_layer_u', from: hiddenSize + entitySize, to: size })
    })
    const tables = [items, entities].map(({ key, shape }) => tableOf(weights, key, shape))
    const vectors = linearRows(sideBySide(tables), weights, { key: 'dense_layer_i', to: size })
    return { encoder: { graph: () => graph, padding: 'batch' }, scoring: { kind: 'vectors', vectors } }
  },
}

/** A slot for every relation of the knowledge graph: that between users and items has no vector. [relations, size] */
function relationKeys(context: ArchitectureContext, size: number): Tensor<'float32'> {
  const vectors = context.relationVectors()
  if (vectors.columns === size && vectors.rows > 0) return toTensor(vectors)
  throw new RecserveError(
    'failed_precondition',
    `the relations' vectors are [${vectors.rows}, ${vectors.columns}]; the model's kg_embedding_size is ${size}`,
  )
}

/**
 * The memory after the last item: each slot takes in the item's entity plus its own key, as far as it knows them already.
 * @returns float32 [B, relations, size]
 */
function filledMemory(
  net: Network,
  options: { readonly entities: Table; readonly relations: Tensor },
): string {
  const { graph } = net
  const { entities, relations } = options
  const keys = graph.constant(relations)
  const steps = itemsByStep(net, entities)
  const isItem = graph.emit('Transpose', [itemMask(net)], { perm: { ints: [1, 0] } })
  const requests = graph.emit('Shape', [net.items], { end: { int: 1 } })
  const shape = graph.emit('Concat', [requests, graph.ints(relations.shape)], {
    axis: { int: 0 },
  })
  return recurrence(graph, {
    initial: graph.emit('ConstantOfShape', [shape]),
    sequences: [steps, isItem],
    step(body, memory, [entity, counts]) {
      const update = body.emit('Add', [body.emit('Unsqueeze', [entity!, body.ints([1])]), keys])
      const product = body.emit('Mul', [memory, update])
      const known = body.emit('ReduceSum', [product, body.ints([2])], { keepdims: { int: 1 } })
      const active = body.emit('Unsqueeze', [counts!, body.ints([1, 2])])
      const gate = body.emit('Mul', [body.emit('Sigmoid', [known]), active])
      const kept = body.emit('Mul', [body.emit('Sub', [body.float(1), gate]), memory])
      return body.emit('Add', [kept, body.emit('Mul', [gate, update])])
    },
  })
}

interface Reading {
  /** float32 [B, size]. */
  readonly question: string
  readonly memory: string
  readonly relations: Tensor
  readonly gamma: number
}

/** Slots weighted by how their keys answer the question, float32 [B, size]. */
function readMemory(net: Network, { question, memory, relations, gamma }: Reading): string {
  const { graph } = net
  const keys = graph.constant(relations)
  const logits = graph.emit('Gemm', [question, keys], { transB: { int: 1 }, alpha: { float: gamma } })
  return weightedSum(net, graph.emit('Softmax', [logits], { axis: { int: -1 } }), memory)
}
