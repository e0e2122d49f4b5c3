/** An ONNX graph while it is being written, node by node: values are named as they come, constants are kept once. */
import type { DataType } from '../../tensor/dtype.js'
import { type Tensor, tensor } from '../../tensor/tensor.js'
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxValueInfo, onnxTypes } from './model.js'

export type NodeAttributes = Readonly<Record<string, OnnxAttribute>>

/** Constants of at most so many elements are compared by value: axes, sizes, scalars. */
const comparedElements = 16

export class GraphBuilder {
  readonly #nodes: OnnxNode[] = []
  readonly #inputs = new Map<string, OnnxValueInfo>()
  readonly #outputs: OnnxValueInfo[] = []
  readonly #initialisers: Record<string, Tensor> = {}
  readonly #constants = new Map<string | Tensor['data'], string>()
  readonly #prefix: string
  #count = 0

  /** @param prefix of all names it makes up; a graph inside of another, which sees the other's values, needs one of its own */
  constructor(prefix = '') {
    this.#prefix = prefix
  }

  /** Declares an input of the graph, once however often it is asked for; of any rank where no shape is given. */
  input(name: string, dtype: DataType, shape?: readonly (number | string)[]): string {
    if (!this.#inputs.has(name)) this.#inputs.set(name, shape ? { name, dtype, shape } : { name, dtype })
    return name
  }

  /** Makes a value an output of the graph, under a name of its own. */
  output(name: string, value: string, { dtype, shape }: Omit<OnnxValueInfo, 'name'>): void {
    this.#nodes.push({ op: 'Identity', inputs: [value], outputs: [name], name })
    this.#outputs.push(shape ? { name, dtype, shape } : { name, dtype })
  }

  /** Writes a node of the default operator set with one output, and names that. */
  emit(op: string, inputs: readonly string[], attributes: NodeAttributes = {}): string {
    return this.emitMany(op, inputs, { outputs: 1, attributes })[0]!
  }

  /**
   * Writes a node and names its outputs.
   * @param options.domain operator set other than the default one
   */
  emitMany(
    op: string,
    inputs: readonly string[],
    options: { readonly outputs: number; readonly attributes?: NodeAttributes; readonly domain?: string },
  ): readonly string[] {
    const { attributes = {}, domain } = options
    const outputs = Array.from({ length: options.outputs }, () => `${this.#prefix}v${this.#count++}`)
    const name = `${op}${this.#nodes.length}`
    this.#nodes.push({ op, inputs, outputs, attributes, name, ...(domain && { domain }) })
    return outputs
  }

  /** A constant: the same name for the same memory, and for small ones of the same value. */
  constant(value: Tensor): string {
    const isSmall = value.data.length <= comparedElements
    const key = isSmall ? `${value.dtype} [${value.shape}] ${[...value.data].map(toKey)}` : undefined
    const known = this.#constants.get(key ?? value.data)
    if (known !== undefined && hasShape(this.#initialisers[known]!, value.shape)) return known
    const name = `${this.#prefix}k${this.#count++}`
    this.#initialisers[name] = value
    this.#constants.set(key ?? value.data, name)
    return name
  }

  /** A vector of int64, as ONNX takes axes and sizes. */
  ints(values: readonly number[]): string {
    return this.constant(tensor('int64', [values.length], BigInt64Array.from(values, BigInt)))
  }

  /** An int64 scalar. */
  int(value: number): string {
    return this.constant(tensor('int64', [], BigInt64Array.of(BigInt(value))))
  }

  /** A float32 scalar. */
  float(value: number): string {
    return this.constant(tensor('float32', [], Float32Array.of(value)))
  }

  cast(value: string, to: DataType): string {
    return this.emit('Cast', [value], { to: { int: onnxTypes[to] } })
  }

  /** @param name shown in the runtime's errors */
  toGraph(name: string): OnnxGraph {
    return {
      name,
      nodes: [...this.#nodes],
      inputs: [...this.#inputs.values()],
      outputs: [...this.#outputs],
      initialisers: { ...this.#initialisers },
    }
  }
}

/** Text that tells −0 from 0. */
const toKey = (value: number | bigint | boolean): string => (Object.is(value, -0) ? '-0' : String(value))

const hasShape = (value: Tensor, shape: readonly number[]): boolean =>
  value.shape.length === shape.length && value.shape.every((size, i) => size === shape[i])
