/**
 * Ragged tensors as values of dtype variant: what loops take one row at a time of (`tf.map_fn` over ragged tensors). A scalar
 * variant holds a ragged tensor; a tensor of them is a list of such scalars with a shape.
 */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { ValueContainer } from '../../held-bytes.js'
import type { AnyTensor, StatefulContext, StatefulKernel, StatefulOpTable, Value, Variant } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, shapeText, toIntegers } from '../array/arguments.js'
import { zeros } from '../array/fill.js'
import { newScratch } from '../new-data.js'
import { cut, join, tensorOf } from '../rows.js'
import { readNestedSplits } from './row-partition.js'

/** One ragged tensor; without splits a dense one. */
export class RaggedVariant implements Variant, ValueContainer {
  readonly dtype = 'variant'
  readonly shape: readonly number[] = []
  readonly splits: readonly AnyTensor[]
  readonly values: AnyTensor

  constructor(splits: readonly AnyTensor[], values: AnyTensor) {
    this.splits = splits
    this.values = values
  }

  get elements(): readonly Value[] {
    return [...this.splits, this.values]
  }

  get placeCount(): number {
    return this.splits.length
  }

  heldValues(): Iterable<Value> {
    return this.elements
  }
}

/** Of a row's objects: its tensors with their shapes and views, in places of a list. */
const placesPerRow = 96
const operationsPerRow = 128

const toVariant: StatefulKernel = (inputs, { attrs }) => {
  const depth = attrs.int('RAGGED_RANK')
  const tensors = inputs.map((input) => tensorOf(input))
  const splits = Array.from({ length: depth }, (_, d) => inputAt(tensors, d))
  const values = inputAt(tensors, depth)
  if (!attrs.bool('batched_input')) return [new RaggedVariant(splits, values)]
  if (depth < 1) throw invalid('ragged_rank must be >= 1 when batched_input is set to True')
  const rows = toRows(splits, values)
  return [{ dtype: 'variant', shape: [rows.length], elements: rows } satisfies Variant]
}

/** Each row of the outermost dimension as a ragged tensor of its own. */
function toRows(splits: readonly AnyTensor[], values: AnyTensor): readonly RaggedVariant[] {
  const nested = readNestedSplits(splits, values.shape[0] ?? 0)
  const [outer, ...inner] = nested
  const rows = outer!.length - 1
  claimPlaces(placesPerRow * rows * nested.length)
  return Array.from({ length: rows }, (_, row) => {
    spend(operationsPerRow * nested.length)
    let from = outer![row]!
    let to = outer![row + 1]!
    const rowSplits = inner.map((each, d) => {
      const moved = newScratch(to - from + 1)
      for (let i = 0; i < moved.length; i++) moved[i] = each[from + i]! - each[from]!
      ;[from, to] = [each[from]!, each[to]!]
      return fromIntegers(splits[d + 1]!.dtype, [moved.length], moved)
    })
    return new RaggedVariant(rowSplits, cut(values, { from, to }, [to - from, ...values.shape.slice(1)]))
  })
}

function raggedOf(value: unknown, { attrs }: StatefulContext): RaggedVariant {
  if (!(value instanceof RaggedVariant))
    throw invalid('Input Variant element at index 0 does not hold a RaggedTensorVariant')
  const wanted = attrs.type('Tvalues')
  if (value.values.dtype !== wanted)
    throw invalid(`Expected values Tensor dtype: ${wanted}, found: ${value.values.dtype}`)
  return value
}

/** A tensor of ragged tensors as one, each of its dimensions a ragged one more. */
const fromVariant: StatefulKernel = ([input], context) => {
  const { attrs } = context
  if (input?.dtype !== 'variant') throw invalid(`a variant was expected, got ${input?.dtype ?? 'nothing'}`)
  const depth = attrs.int('output_ragged_rank')
  const declared = attrs.int('input_ragged_rank', -1)
  const inputDepth = declared === -1 ? depth - input.shape.length : declared
  if (inputDepth < 0) {
    throw invalid(
      `Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims()) must be >= 0, found ${inputDepth}`,
    )
  }
  if (depth !== inputDepth + input.shape.length) {
    throw invalid(
      `output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(); output_ragged_rank: ${depth}, input_ragged_rank: ${inputDepth}, encoded_variant.dims(): ${input.shape.length}`,
    )
  }
  const isScalar = input.shape.length === 0
  const parts = (isScalar ? [input] : input.elements).map((part) => raggedOf(part, context))
  const wrong = parts.find(({ splits }) => splits.length !== inputDepth)
  if (wrong)
    throw invalid(
      `Encoded input RaggedTensorVariant has ragged_rank=${wrong.splits.length}. Expected ragged_rank=${inputDepth}.`,
    )
  if (isScalar) return [...parts[0]!.splits, parts[0]!.values]
  return joinParts(input.shape, parts, context)
}

function joinParts(
  shape: readonly number[],
  parts: readonly RaggedVariant[],
  { attrs }: StatefulContext,
): readonly Value[] {
  const splitsType = attrs.type('Tsplits', 'int64')
  const depth = attrs.int('output_ragged_rank') - shape.length
  const toSplits = (splits: ArrayLike<number>) => fromIntegers(splitsType, [splits.length], splits)
  const uniform = shape.slice(0, -1).map((_, d) => {
    const splits = newScratch(sizeOf(shape.slice(0, d + 1)) + 1)
    for (let i = 0; i < splits.length; i++) splits[i] = i * shape[d + 1]!
    return toSplits(splits)
  })
  const lengths = parts.map(({ splits, values }) => (splits[0] ? splits[0].shape[0]! - 1 : lengthOf(values)))
  const outer = newScratch(parts.length + 1)
  for (const [i, length] of lengths.entries()) outer[i + 1] = outer[i]! + length
  const inner = Array.from({ length: depth }, (_, d) =>
    toSplits(joinSplits(parts.map(({ splits }) => splits[d]!))),
  )
  return [...uniform, toSplits(outer), ...inner, joinValues(parts, attrs.type('Tvalues'))]
}

function lengthOf({ shape }: AnyTensor): number {
  if (shape[0] !== undefined) return shape[0]
  throw invalid('Batched ragged tensors are of values of rank 1 at least, got a scalar')
}

/** Splits one after another, each moved by where the one before it ends. */
function joinSplits(parts: readonly AnyTensor[]): Float64Array {
  const joined = newScratch(1 + parts.reduce((sum, { shape }) => sum + shape[0]! - 1, 0))
  let end = 0
  for (const part of parts) {
    const splits = toIntegers(part)
    spend(splits.length)
    const start = joined[end]!
    for (let i = 1; i < splits.length; i++) joined[++end] = start + splits[i]!
  }
  return joined
}

function joinValues(parts: readonly RaggedVariant[], dtype: Parameters<typeof zeros>[0]): AnyTensor {
  const [first] = parts
  if (first === undefined) return zeros(dtype, [0])
  const rowShape = first.values.shape.slice(1)
  for (const { values } of parts) {
    if (shapeText(values.shape.slice(1)) === shapeText(rowShape)) continue
    throw invalid(
      `Encoded values are of different shapes: ${shapeText(values.shape)} and ${shapeText(first.values.shape)}`,
    )
  }
  const rows = parts.reduce((sum, { values }) => sum + lengthOf(values), 0)
  return join(
    parts.map(({ values }) => values),
    [rows, ...rowShape],
  )
}

export const raggedVariantOps: StatefulOpTable = {
  RaggedTensorToVariant: { stateful: toVariant },
  RaggedTensorFromVariant: { stateful: fromVariant },
}
