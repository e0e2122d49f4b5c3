/** A piece that is open: runs on ONNX Runtime where it may and pays, else on the kernels of its steps. */
import type { Value } from '../op.js'
import type { StepFunction } from '../step-function.js'
import { callNs, nodeNs, speedUp, valueNs } from './cost.js'
import type { PieceGraph, PieceInput } from './piece-graph.js'
import type { NativeTensor, PieceRuntime, PieceSession } from './session.js'

export interface PieceCost {
  /** Of its steps on kernels whatever the data, and for the data of the watched run. */
  readonly fixedNs: number
  readonly dataNs: number
  /** Elements that were fed in the watched run. */
  readonly elements: number
}

/** Runs of pieces, by what answered. */
export interface PieceTally {
  runtime: number
  kernels: number
}

export interface PieceOptions {
  readonly kernels: StepFunction
  readonly cost: PieceCost
  readonly tally: PieceTally
  /** Told once, when the runtime has failed so often that it is not asked any more. */
  onRefused(reason: string): void
  /** Whether the runtime is used however small the data. */
  readonly isForced?: boolean
}

const maxFailures = 3

export class Piece {
  readonly #graph: PieceGraph
  readonly #session: PieceSession
  readonly #runtime: PieceRuntime
  readonly #kernels: StepFunction
  readonly #tables: Readonly<Record<string, NativeTensor>>
  readonly #tally: PieceTally
  readonly #onRefused: (reason: string) => void
  /** One after another, of runs that the kernels had an answer to. */
  #failures = 0
  /** Fed elements from which the runtime is faster. */
  readonly #minElements: number

  /** @throws Error where the runtime refuses the graph */
  constructor(graph: PieceGraph, runtime: PieceRuntime, how: PieceOptions) {
    this.#graph = graph
    this.#runtime = runtime
    this.#kernels = how.kernels
    const { tables, mapped, ...weights } = graph.weights
    const outputs = graph.outputs.map(({ name }) => name)
    this.#session = runtime.open(graph.encode(), { outputs, ...weights })
    // What the watched run read of them is in the runtime's hands now.
    for (const value of mapped) value.release()
    this.#tables = Object.fromEntries(tables.map(({ name, value }) => [name, runtime.toNative(value)]))
    this.#minElements = how.isForced ? 0 : crossover(graph, how.cost)
    this.#tally = how.tally
    this.#onRefused = how.onRefused
  }

  readonly run: StepFunction = (values) => {
    if (!this.#fits(values)) return this.#onKernels(values)
    const feeds: Record<string, NativeTensor> = { ...this.#tables }
    const { inputs } = this.#graph
    try {
      for (let i = 0; i < inputs.length; i++)
        feeds[inputs[i]!.name] = this.#runtime.toNative(values[i] as Parameters<PieceRuntime['toNative']>[0])
      const results = this.#session.run(feeds)
      this.#tally.runtime++
      this.#failures = 0
      return results
    } catch (error) {
      // The kernels say what is wrong as TensorFlow does, or answer.
      const answers = this.#onKernels(values)
      if (++this.#failures === maxFailures) this.#onRefused(String(error))
      return answers
    }
  }

  #onKernels(values: readonly Value[]): readonly Value[] {
    this.#tally.kernels++
    return this.#kernels(values)
  }

  close(): void {
    this.#session.close()
  }

  #fits(values: readonly Value[]): boolean {
    if (this.#failures >= maxFailures) return false
    const { inputs } = this.#graph
    let elements = 0
    for (let i = 0; i < inputs.length; i++) {
      const value = values[i]!
      if (!fitsInput(inputs[i]!, value)) return false
      elements += lengthOf(value)
    }
    if (elements < this.#minElements) return false
    return inputs.every((input, i) => !input.isIndex || !hasNegative(values[i]!))
  }
}

/** Elements fed beyond which the kernels would take longer; Infinity where they never would. */
export function crossover({ inputs, weights, outputs, nodeCount }: PieceGraph, cost: PieceCost): number {
  const { tables, mapped } = weights
  // The kernels would have to read files.
  if (mapped.length > 0) return 0
  const native = callNs + valueNs * (inputs.length + tables.length + outputs.length) + nodeNs * nodeCount
  const saved = cost.dataNs * (1 - 1 / speedUp)
  if (cost.fixedNs >= native) return 0
  return saved > 0 ? (cost.elements * (native - cost.fixedNs)) / saved : Number.POSITIVE_INFINITY
}

function fitsInput({ seen, isPinned }: PieceInput, value: Value): boolean {
  if (value.dtype !== seen.dtype || value.shape.length !== seen.shape.length) return false
  // Of nothing comes what each kernel says; runtimes differ.
  if (value.shape.includes(0)) return false
  return !isPinned || value.shape.every((size, d) => size === seen.shape[d])
}

function lengthOf(value: Value): number {
  return 'data' in value ? value.data.length : 0
}

function hasNegative(value: Value): boolean {
  if (!('data' in value)) return false
  const { data } = value
  if (data instanceof Int32Array) return isAnyNegative(data, 0, 1)
  if (!(data instanceof BigInt64Array)) return false
  // The high words; a bigint for each element would take longer than the piece.
  return isAnyNegative(new Int32Array(data.buffer, data.byteOffset, data.length * 2), 1, 2)
}

function isAnyNegative(words: Int32Array, from: number, step: number): boolean {
  for (let i = from; i < words.length; i += step) if (words[i]! < 0) return true
  return false
}
