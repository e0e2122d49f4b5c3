/** An ONNX graph while it is being written, node by node. */
import { type OnnxAttribute, type OnnxNode, onnxTypes } from '../../../formats/onnx/model.js'
import type { DataType } from '../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Operand } from './operand.js'

export type NodeAttributes = Readonly<Record<string, OnnxAttribute>>

/** Nodes whose elements are all elements of their first input. */
const movers: ReadonlySet<string> = new Set(
  ['Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Slice', 'Transpose'].concat('Tile', 'Split'),
)

export class GraphBuilder {
  readonly nodes: OnnxNode[] = []
  readonly initialisers = new Map<string, Tensor>()
  /** Values whose elements must not be negative: an index that TensorFlow refuses is one from the end to ONNX. */
  readonly indices = new Set<string>()
  /** Vectors whose length is the rank of something: it must be what it was in the watched run. */
  readonly pinned = new Set<string>()
  readonly #producers = new Map<string, OnnxNode>()
  readonly #constants = new Map<string, string>()
  readonly #isInput: (name: string) => boolean
  #count = 0

  /** @param isInput whether a value comes from outside the graph, and can be looked at before it runs */
  constructor(isInput: (name: string) => boolean) {
    this.#isInput = isInput
  }

  emit(op: string, inputs: readonly string[], attributes: NodeAttributes = {}): string {
    return this.emitMany(op, inputs, 1, attributes)[0]!
  }

  emitMany(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: NodeAttributes = {},
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => `v${this.#count++}`)
    const node = { op, inputs, outputs, attributes, name: `n${this.nodes.length}` }
    this.nodes.push(node)
    for (const output of outputs) this.#producers.set(output, node)
    return outputs
  }

  /** The node that writes the value, where it is one of this graph. */
  producer(name: string): OnnxNode | undefined {
    return this.#producers.get(name)
  }

  constant(value: Tensor): string {
    const key = value.data.length <= 16 ? `${value.dtype} ${value.shape} : ${value.data}` : undefined
    const known = key && this.#constants.get(key)
    if (known) return known
    const name = `k${this.#count++}`
    this.initialisers.set(name, value)
    if (key) this.#constants.set(key, name)
    return name
  }

  /** A vector of int64, as ONNX takes axes and sizes. */
  ints(values: readonly number[]): string {
    return this.constant(tensor('int64', [values.length], BigInt64Array.from(values, BigInt)))
  }

  float(value: number): string {
    return this.constant(tensor('float32', [], Float32Array.of(value)))
  }

  cast(name: string, to: DataType): string {
    return this.emit('Cast', [name], { to: { int: onnxTypes[to] } })
  }

  int64(operand: Operand): string {
    return operand.dtype === 'int64' ? operand.name : this.cast(operand.name, 'int64')
  }

  /** Says that the length of a vector is the rank of something, so that what is fed for it must keep its shape. */
  pin(name: string): void {
    if (this.#isInput(name)) this.pinned.add(name)
    const node = this.producer(name)
    // What these give has a length that no size of their input changes.
    if (node === undefined || node.op === 'Shape' || node.op === 'Size' || node.op.startsWith('Reduce'))
      return
    for (const input of node.inputs) this.pin(input)
  }

  /** The indices, which the graph or a look at its inputs refuses where they are negative. */
  checkedIndices(operand: Operand): string {
    const sources = this.#sources(operand.name)
    if (operand.value) return operand.name
    if (sources) {
      for (const source of sources) this.indices.add(source)
      return operand.name
    }
    const { dtype, name } = operand
    const scalar = (value: number) =>
      dtype === 'int64'
        ? this.constant(tensor('int64', [], BigInt64Array.of(BigInt(value))))
        : this.constant(tensor('int32', [], Int32Array.of(value)))
    // Past the end of any axis, so that the runtime refuses it.
    return this.emit('Where', [this.emit('Less', [name, scalar(0)]), scalar(2 ** 31 - 1), name])
  }

  /** Inputs of the graph that all elements of the value come from as they are. */
  #sources(name: string): readonly string[] | undefined {
    if (this.#isInput(name)) return [name]
    const node = this.producer(name)
    if (node === undefined) return undefined
    if (node.op === 'Concat') {
      const parts = node.inputs.map((input) => this.#sources(input))
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined
    }
    const isLossless = node.op === 'Cast' && this.#isIntegerCast(node)
    return movers.has(node.op) || isLossless ? this.#sources(node.inputs[0]!) : undefined
  }

  /** Only to int64: from there to int32 a negative number may come of a large one. */
  #isIntegerCast({ attributes }: OnnxNode): boolean {
    const to = attributes?.to
    return to !== undefined && 'int' in to && to.int === onnxTypes.int64
  }
}
