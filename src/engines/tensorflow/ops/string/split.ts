/** Strings cut at separators; the parts are a sparse matrix, a row for each string. */
import { stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid, shapeText } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { elementWork, scalarAt, stringsAt } from './arguments.js'
import { StringsBuilder } from './strings-builder.js'

/** Says where the parts of a string begin and end, in order. */
type Splitter = (text: Uint8Array, emit: (start: number, end: number) => void) => void

function splitRows(inputs: readonly AnyTensor[], split: Splitter): readonly AnyTensor[] {
  const { shape, data } = stringsAt(inputs, 0)
  if (shape.length !== 1) throw invalid(`input must be a vector, got shape: ${shapeText(shape)}`)
  const values = new StringsBuilder()
  const counts = newData('int32', [data.length])
  for (let row = 0; row < data.length; row++) {
    const text = stringAt(data, row)
    spend(elementWork + text.length)
    const before = values.count
    split(text, (start, end) => {
      spend(elementWork)
      values.add(text.subarray(start, end))
    })
    counts[row] = values.count - before
  }
  return [indicesOf(counts, values.count), values.finish([values.count]), sizesOf(counts)]
}

function indicesOf(counts: Int32Array, total: number): AnyTensor {
  const indices = newData('int64', [total, 2])
  let at = 0
  for (let row = 0; row < counts.length; row++) {
    spend(counts[row]! + 1)
    for (let k = 0; k < counts[row]!; k++) {
      indices[at++] = BigInt(row)
      indices[at++] = BigInt(k)
    }
  }
  return tensor('int64', [total, 2], indices)
}

function sizesOf(counts: Int32Array): AnyTensor {
  const widest = counts.reduce((most, count) => Math.max(most, count), 0)
  return tensor('int64', [2], BigInt64Array.of(BigInt(counts.length), BigInt(widest)))
}

/** Any byte of the delimiter separates; without one every byte is a part. */
const splitAtBytes: Kernel = (inputs, { attrs }) => {
  const delimiters = new Set(delimiterOf(inputs))
  const skipsEmpty = attrs.bool('skip_empty', true)
  return splitRows(inputs, (text, emit) => {
    if (delimiters.size === 0) {
      for (let i = 0; i < text.length; i++) emit(i, i + 1)
      return
    }
    let start = 0
    // A string without bytes has no part.
    for (let i = 0; i <= text.length && text.length > 0; i++) {
      if (i < text.length && !delimiters.has(text[i]!)) continue
      if (i > start || !skipsEmpty) emit(start, i)
      start = i + 1
    }
  })
}

function delimiterOf(inputs: readonly AnyTensor[]): Uint8Array {
  const { shape } = stringsAt(inputs, 1)
  if (shape.length > 0) throw invalid(`delimiter must be a scalar, got shape: ${shapeText(shape)}`)
  return scalarAt(inputs, 1, 'delimiter')
}

/** As Python's `str.split`: by a separator of several bytes, or by runs of whitespace. */
const splitAtText: Kernel = (inputs, { attrs }) => {
  const { shape } = stringsAt(inputs, 1)
  if (shape.length > 0) throw invalid(`sep must be a scalar, got shape: ${shapeText(shape)}`)
  const separator = scalarAt(inputs, 1, 'sep')
  const most = attrs.int('maxsplit', -1)
  const limit = most < 0 ? Number.POSITIVE_INFINITY : most
  return splitRows(
    inputs,
    separator.length === 0
      ? (text, emit) => splitAtSpace(text, limit, emit)
      : (text, emit) => splitAt(text, { separator: Buffer.from(separator), limit }, emit),
  )
}

function splitAt(
  text: Uint8Array,
  { separator, limit }: { readonly separator: Buffer; readonly limit: number },
  emit: (start: number, end: number) => void,
): void {
  const buffer = Buffer.from(text.buffer, text.byteOffset, text.length)
  let start = 0
  for (let cuts = 0; cuts < limit; cuts++) {
    const at = buffer.indexOf(separator, start)
    if (at < 0) break
    emit(start, at)
    start = at + separator.length
  }
  emit(start, text.length)
}

/** Behind the last cut that is allowed there is a part even if nothing is left for it. */
function splitAtSpace(text: Uint8Array, limit: number, emit: (start: number, end: number) => void): void {
  let at = limit > 0 ? afterSpace(text, 0) : 0
  let cuts = 0
  for (; cuts < limit && at < text.length; cuts++) {
    let end = at
    while (end < text.length && !isSpace(text[end]!)) end++
    emit(at, end)
    at = afterSpace(text, end)
  }
  if (cuts === limit) emit(at, text.length)
}

function afterSpace(text: Uint8Array, from: number): number {
  let at = from
  while (at < text.length && isSpace(text[at]!)) at++
  return at
}

/** C's isspace in the C locale. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

export const splitStringOps: OpTable = {
  StringSplit: { kernel: splitAtBytes },
  StringSplitV2: { kernel: splitAtText },
}
