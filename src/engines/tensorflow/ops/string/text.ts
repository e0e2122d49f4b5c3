/** Letters of either case, blanks at the ends, lengths. */
import { type Strings, stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { elementWork, mapStrings, stringsAt, textOf } from './arguments.js'
import { isSpace } from './split.js'
import { countCharacters } from './utf8.js'

const utf8 = new TextEncoder()

interface Case {
  /** The first letter of the other case in ASCII; the rest follow. */
  readonly from: number
  toText(text: string): string
}

const lower: Case = { from: 0x41, toText: (text) => text.toLowerCase() }
const upper: Case = { from: 0x61, toText: (text) => text.toUpperCase() }
const letters = 26
const caseBit = 0x20

function toCase({ from, toText }: Case): Kernel {
  return (inputs, { attrs }) => {
    const input = stringsAt(inputs, 0)
    const isUnicode = encodingOf(attrs) === 'utf-8'
    return [
      mapStrings(input, (element, out) => {
        if (isUnicode) out.write(utf8.encode(toText(textOf(untilNul(element)))))
        else
          for (const byte of element)
            out.writeByte(byte >= from && byte < from + letters ? byte ^ caseBit : byte)
      }),
    ]
  }
}

function encodingOf(attrs: Attributes): string {
  const encoding = attrs.string('encoding', '')
  if (encoding === '' || encoding === 'utf-8') return encoding
  throw invalid(`only utf-8 or '' (no encoding) is supported, received ${encoding}`)
}

/** TensorFlow hands the text over to its Unicode library as a C string. */
function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

const strip: Kernel = (inputs) => [
  mapStrings(stringsAt(inputs, 0), (element, out) => {
    let [start, end] = [0, element.length]
    while (start < end && isSpace(element[start]!)) start++
    while (end > start && isSpace(element[end - 1]!)) end--
    out.write(element.subarray(start, end))
  }),
]

const lengthOf: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const out = newData('int32', shape)
  const measure = measureOf(attrs)
  for (let i = 0; i < out.length; i++) {
    spend(1)
    out[i] = measure(data, i)
  }
  return [tensor('int32', shape, out)]
}

function measureOf(attrs: Attributes): (data: Strings, i: number) => number {
  if (unitOf(attrs) === 'BYTE') return ({ offsets }, i) => offsets[i + 1]! - offsets[i]!
  return (data, i) => {
    const element = stringAt(data, i)
    spend(elementWork + element.length)
    return countCharacters(element)
  }
}

/** What lengths and positions count: bytes, or characters of UTF-8. */
export function unitOf(attrs: Attributes): 'BYTE' | 'UTF8_CHAR' {
  const unit = attrs.string('unit', 'BYTE')
  if (unit === 'BYTE' || unit === 'UTF8_CHAR') return unit
  throw invalid(`the unit of a string is BYTE or UTF8_CHAR, not ${unit}`)
}

export const textOps: OpTable = {
  StringLower: { kernel: toCase(lower) },
  StringUpper: { kernel: toCase(upper) },
  StringStrip: { kernel: strip },
  StringLength: { kernel: lengthOf },
}
