/** Steps become one ONNX model: which slots it is fed, which it fills, and what has to hold of the feeds. */
import { encodeModel } from '../../../formats/onnx/encode-model.js'
import type { OnnxNode } from '../../../formats/onnx/model.js'
import type { DataType } from '../../../tensor/dtype.js'
import type { Tensor } from '../../../tensor/tensor.js'
import { GraphBuilder } from './graph-builder.js'
import type { Observed, Operand } from './operand.js'
import { type PieceWeights, placeWeights } from './piece-weights.js'

/** A step that has a lowering, with what it needs. */
export interface LoweredStep {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** Undefined where it declines. */
  lower(graph: GraphBuilder, operand: (slot: number) => Operand): readonly string[] | undefined
}

export interface PieceInput {
  readonly slot: number
  readonly name: string
  readonly seen: Observed
  /** Its elements must not be negative. */
  readonly isIndex: boolean
  /** Its shape is a rank elsewhere, so it has to be as it was. */
  readonly isPinned: boolean
}

export interface PieceGraph {
  readonly inputs: readonly PieceInput[]
  readonly weights: PieceWeights
  readonly outputs: readonly { readonly slot: number; readonly name: string }[]
  readonly nodeCount: number
  encode(): Uint8Array
}

/** What is known of slots. */
export interface Slots {
  seen(slot: number): Observed
  /** Undefined for one that is no constant. */
  constant(slot: number): Tensor | undefined
  hasRank(slot: number): boolean
}

export function buildPiece(
  steps: readonly LoweredStep[],
  wanted: ReadonlySet<number>,
  slots: Slots,
): PieceGraph | undefined {
  const writer = new PieceWriter(slots)
  if (!steps.every((step) => writer.add(step))) return undefined
  return writer.finish(steps.flatMap((step) => step.outputs).filter((slot) => wanted.has(slot)))
}

class PieceWriter {
  readonly #slots: Slots
  readonly #graph = new GraphBuilder((name) => name.startsWith('s'))
  /** Names by slot. */
  readonly #produced = new Map<number, string>()
  readonly #feeds = new Map<number, string>()
  readonly #constants = new Map<string, Tensor>()
  readonly #taken = new Set<string>()

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** False where the lowering declines. */
  add(step: LoweredStep): boolean {
    const names = step.lower(this.#graph, (slot) => this.#operand(slot))
    for (const [i, slot] of step.outputs.entries()) if (names) this.#produced.set(slot, names[i]!)
    return names !== undefined
  }

  finish(wanted: readonly number[]): PieceGraph {
    const outputs = wanted.map((slot) => ({ slot, name: this.#ownName(this.#produced.get(slot)!) }))
    const ends = outputs.map(({ name }) => name)
    const nodes = withoutUnread(this.#graph.nodes, ends)
    const read = new Set(nodes.flatMap((node) => node.inputs))
    const inputs = [...this.#feeds].filter(([, name]) => read.has(name)).map((feed) => this.#toInput(feed))
    const values = [...this.#constants, ...this.#graph.initialisers].filter(([name]) => read.has(name))
    const weights = placeWeights(values, nodes)
    const { initialisers, external } = weights
    const lists = { inputs, outputs, weights }
    const encode = () =>
      encodeModel({
        graph: { name: 'piece', nodes, initialisers, external, ...toValueInfos(lists, this.#slots) },
      })
    return { ...lists, nodeCount: nodes.length, encode }
  }

  #operand(slot: number): Operand {
    const value = this.#slots.constant(slot)
    const { dtype, shape } = value ?? this.#slots.seen(slot)
    const name = this.#produced.get(slot) ?? `${value ? 'c' : 's'}${slot}`
    if (value) this.#constants.set(name, value)
    else if (!this.#produced.has(slot)) this.#feeds.set(slot, name)
    return { name, dtype, shape, value, rank: this.#slots.hasRank(slot) ? shape.length : undefined }
  }

  /** Two slots may hold one value, or an input. */
  #ownName(name: string): string {
    const isFree = this.#graph.producer(name) !== undefined && !this.#taken.has(name)
    this.#taken.add(name)
    return isFree ? name : this.#graph.emit('Identity', [name])
  }

  #toInput([slot, name]: readonly [number, string]): PieceInput {
    const { indices, pinned } = this.#graph
    return {
      slot,
      name,
      seen: this.#slots.seen(slot),
      isIndex: indices.has(name),
      isPinned: pinned.has(name),
    }
  }
}

function toValueInfos(
  { inputs, weights: { tables }, outputs }: Pick<PieceGraph, 'inputs' | 'weights' | 'outputs'>,
  slots: Slots,
) {
  const sizes = (name: string, { shape }: Observed) => shape.map((_, d) => `${name}_${d}`)
  return {
    inputs: [
      ...inputs.map(({ name, seen }) => ({ name, dtype: seen.dtype as DataType, shape: sizes(name, seen) })),
      ...tables.map(({ name, value }) => ({ name, dtype: value.dtype, shape: value.shape })),
    ],
    outputs: outputs.map(({ slot, name }) => ({ name, dtype: slots.seen(slot).dtype as DataType })),
  }
}

/** A product whose bias was added to it is there twice. */
function withoutUnread(nodes: readonly OnnxNode[], outputs: readonly string[]): readonly OnnxNode[] {
  const read = new Set(outputs)
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => read.has(output))) return false
    for (const input of node.inputs) read.add(input)
    return true
  })
  return kept.reverse()
}
