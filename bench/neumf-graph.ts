/** NeuMF as one would write it for ONNX Runtime: a table for each use, products with their bias. */
import { loadRuntime } from '../src/engines/onnx/runtime.js'
import type { AnyTensor } from '../src/engines/tensorflow/op.js'
import { encodeModel } from '../src/formats/onnx/encode-model.js'
import type { OnnxNode } from '../src/formats/onnx/model.js'
import { type Tensor, tensor } from '../src/tensor/tensor.js'

export interface NeuMfSizes {
  readonly users: number
  readonly items: number
  readonly factors: number
  readonly layers: readonly number[]
}

/** As the fixtures have them. */
export const defaultSizes: NeuMfSizes = { users: 943, items: 1682, factors: 8, layers: [32, 16, 8] }

const random = (...shape: number[]): Tensor =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() / 8),
  )

/** @returns a run on `user_id` and `item_id` */
export function openNeuMf(
  sizes: NeuMfSizes = defaultSizes,
  threads = 1,
): (feeds: Readonly<Record<string, AnyTensor>>) => void {
  const runtime = loadRuntime()
  const session = runtime.createSession()
  const model = neuMfModel(sizes)
  session.loadModel(model.buffer, model.byteOffset, model.byteLength, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  return (feeds) => {
    const ids = (name: string) => {
      const { data } = feeds[name]!
      const values = data instanceof Int32Array ? data : Int32Array.from(data as ArrayLike<number>, Number)
      return new runtime.Tensor('int32', values, [values.length])
    }
    session.run({ user: ids('user_id'), item: ids('item_id') }, { score: null }, {})
  }
}

function neuMfModel({ users, items, factors, layers }: NeuMfSizes): Uint8Array {
  const nodes: OnnxNode[] = []
  const initialisers: Record<string, Tensor> = {}
  const emit = (op: string, inputs: string[], output: string, axis?: number) => {
    nodes.push({
      op,
      inputs,
      outputs: [output],
      ...(axis !== undefined && { attributes: { axis: { int: axis } } }),
    })
    return output
  }
  const half = layers[0]! / 2
  for (const [name, rows] of [
    ['user', users],
    ['item', items],
  ] as const) {
    initialisers[`${name}_mf`] = random(rows, factors)
    initialisers[`${name}_mlp`] = random(rows, half)
    emit('Gather', [`${name}_mf`, name], `${name}_a`)
    emit('Gather', [`${name}_mlp`, name], `${name}_b`)
  }
  const dense = (input: string, [from, to]: readonly [number, number], name: string) => {
    initialisers[`${name}_w`] = random(from, to)
    initialisers[`${name}_c`] = random(to)
    return emit('Gemm', [input, `${name}_w`, `${name}_c`], name)
  }
  let value = emit('Concat', ['user_b', 'item_b'], 'both', 1)
  for (const [i, width] of layers.slice(1).entries())
    value = emit('Relu', [dense(value, [layers[i]!, width], `layer${i}`)], `relu${i}`)
  const all = emit('Concat', [emit('Mul', ['user_a', 'item_a'], 'product'), value], 'all', 1)
  emit('Sigmoid', [dense(all, [factors + layers.at(-1)!, 1], 'logit')], 'score')
  const inputs = ['user', 'item'].map((name) => ({ name, dtype: 'int32' as const, shape: ['batch'] }))
  return encodeModel({
    graph: { name: 'neumf', nodes, inputs, initialisers, outputs: [{ name: 'score', dtype: 'float32' }] },
  })
}
