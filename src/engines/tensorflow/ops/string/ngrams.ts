/** StringNGrams: runs of neighbouring strings of each row of a ragged tensor, joined. */
import { type Strings, stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, toList } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { bytesOf, elementWork, stringsAt } from './arguments.js'
import { StringsBuilder } from './strings-builder.js'

interface Settings {
  readonly separator: Uint8Array
  readonly leftPad: Uint8Array
  readonly rightPad: Uint8Array
  readonly widths: readonly number[]
  /** Negative: as wide as makes sense. */
  readonly padWidth: number
  readonly preservesShort: boolean
}

const stringNGrams: Kernel = (inputs, { attrs }) => {
  const { data } = stringsAt(inputs, 0)
  const splits = inputAt(inputs, 1)
  const places = toList(splits)
  const settings = readSettings(attrs)
  checkSplits(places, data.length)
  if (data.length === 0 || places.length === 0) return [new StringsBuilder().finish([0]), zerosLike(splits)]
  const out = new StringsBuilder()
  const ends = newData('int32', [places.length])
  for (let row = 0; row + 1 < places.length; row++) {
    spend(elementWork)
    writeRow(out, { data, from: places[row]!, length: places[row + 1]! - places[row]!, ...settings })
    ends[row + 1] = out.count
  }
  return [out.finish([out.count]), fromIntegers(splits.dtype, [places.length], ends)]
}

function readSettings(attrs: Attributes): Settings {
  const widths = attrs.ints('ngram_widths')
  if (widths.some((width) => width <= 0)) throw invalid('ngram_widths must contain positive values')
  return {
    separator: bytesOf(attrs, 'separator', ''),
    leftPad: bytesOf(attrs, 'left_pad', ''),
    rightPad: bytesOf(attrs, 'right_pad', ''),
    widths,
    padWidth: attrs.int('pad_width'),
    preservesShort: attrs.bool('preserve_short_sequences'),
  }
}

function checkSplits(splits: readonly number[], length: number): void {
  if (splits.length === 0) return
  if (splits[0] !== 0) throw invalid(`First split value must be 0, got ${splits[0]}`)
  for (let i = 1; i < splits.length; i++) {
    const [before, split] = [splits[i - 1]!, splits[i]!]
    if (split >= before && split <= length) continue
    throw invalid(`Invalid split value ${split}, must be in [${before}, ${length}]`)
  }
  const last = splits.at(-1)
  if (last !== length) throw invalid(`Last split value must be data size. Expected ${length}, got ${last}`)
}

function zerosLike({ dtype, shape }: AnyTensor): AnyTensor {
  return dtype === 'int32'
    ? tensor('int32', shape, newData('int32', shape))
    : tensor('int64', shape, newData('int64', shape))
}

interface Row extends Settings {
  readonly data: Strings
  readonly from: number
  readonly length: number
}

function writeRow(out: StringsBuilder, row: Row): void {
  const before = out.count
  for (const width of row.widths) {
    const pad = Math.min(row.padWidth < 0 ? width - 1 : row.padWidth, width - 1)
    const count = Math.max(0, row.length + 2 * pad - width + 1)
    for (let i = 0; i < count; i++) writeNGram(out, row, { i, count, pad, width })
  }
  if (!row.preservesShort || out.count > before || row.length === 0) return
  const pad = Math.max(0, row.padWidth)
  const width = row.length + 2 * pad
  writeNGram(out, row, { i: 0, count: 1, pad, width })
}

interface NGram {
  readonly i: number
  readonly count: number
  readonly pad: number
  readonly width: number
}

function writeNGram(out: StringsBuilder, row: Row, { i, count, pad, width }: NGram): void {
  const left = Math.max(0, pad - i)
  const right = Math.max(0, pad - (count - i - 1))
  const tokens = width - left - right
  const first = row.from + (left > 0 ? 0 : i - pad)
  for (let k = 0; k < width; k++) {
    spend(elementWork)
    if (k > 0) out.write(row.separator)
    if (k < left) out.write(row.leftPad)
    else out.write(k < left + tokens ? stringAt(row.data, first + k - left) : row.rightPad)
  }
  out.end()
}

export const ngramOps: OpTable = { StringNGrams: { kernel: stringNGrams } }
