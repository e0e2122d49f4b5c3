/** Text as code points, and from one encoding to another. */
import { stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { Attributes, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, toIntegers, toList } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { elementWork, mapStrings, stringsAt } from './arguments.js'
import { decoderOf, type EmitCharacter, type Encode, encoders, isScalarValue } from './encodings.js'
import { StringsBuilder } from './strings-builder.js'

const maxCodePoint = 0x10ffff

/** What becomes of bytes that are no character. */
interface Faults {
  readonly policy: string
  readonly replacement: number
  readonly replacesControls: boolean
}

function faultsOf(attrs: Attributes): Faults {
  const policy = attrs.string('errors', 'replace')
  if (!['strict', 'replace', 'ignore'].includes(policy)) {
    throw invalid(`errors policy must be one of 'strict', 'replace', or 'ignore', got ${policy}`)
  }
  const replacement = attrs.int('replacement_char', 0xfffd)
  if (!(replacement >= 0 && replacement <= maxCodePoint)) {
    throw invalid('replacement_char out of unicode codepoint range')
  }
  return { policy, replacement, replacesControls: attrs.bool('replace_control_characters', false) }
}

/** Hands on what is left of a text once its faults have been dealt with. */
function mending({ policy, replacement, replacesControls }: Faults, emit: EmitCharacter): EmitCharacter {
  return (codePoint, start, end) => {
    const isFault = codePoint < 0
    const isControl = replacesControls && !isFault && codePoint <= 0x1f
    if (isFault && policy === 'strict') throw invalid('Invalid formatting on input string')
    if (!isFault && !isControl) emit(codePoint, start, end)
    else if (policy !== 'ignore') emit(replacement, start, end)
  }
}

function decode(withOffsets: boolean): Kernel {
  return (inputs, { attrs }) => {
    const { data } = stringsAt(inputs, 0)
    const decoder = decoderOf(attrs.string('input_encoding'))
    const codePoints = new GrowingIntegers()
    const starts = new GrowingIntegers()
    const collect = mending(faultsOf(attrs), (codePoint, start) => {
      codePoints.push(codePoint)
      if (withOffsets) starts.push(start)
    })
    const splits = newData('int32', [data.length + 1])
    for (let i = 0; i < data.length; i++) {
      const text = stringAt(data, i)
      spend(elementWork + 4 * text.length)
      decoder(text, collect)
      splits[i + 1] = codePoints.length
    }
    const rows = fromIntegers(attrs.type('Tsplits', 'int64'), [splits.length], splits)
    const characters = tensor('int32', [codePoints.length], codePoints.finish())
    if (!withOffsets) return [rows, characters]
    return [rows, characters, fromIntegers('int64', [starts.length], starts.finish())]
  }
}

const firstPlaces = 64

/** Integers of which nobody knows how many will come. */
class GrowingIntegers {
  #values: Int32Array<ArrayBuffer>
  length = 0

  constructor() {
    claimPlaces(firstPlaces)
    this.#values = new Int32Array(firstPlaces)
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      claimPlaces(this.length)
      const wider = new Int32Array(2 * this.length)
      wider.set(this.#values)
      this.#values = wider
    }
    this.#values[this.length++] = value
  }

  finish(): Int32Array<ArrayBuffer> {
    return this.#values.subarray(0, this.length)
  }
}

function encoderOf(attrs: Attributes): Encode {
  const name = attrs.string('output_encoding')
  const encoder = encoders.get(name)
  if (encoder) return encoder
  throw invalid(`Unrecognized output encoding: ${name}; expected UTF-8, UTF-16-BE or UTF-32-BE`)
}

const encode: Kernel = (inputs, { attrs }) => {
  const codePoints = toIntegers(inputAt(inputs, 0))
  const splits = toList(inputAt(inputs, 1))
  checkSplits(splits, codePoints.length)
  const encoder = encoderOf(attrs)
  const faults = faultsOf(attrs)
  const out = new StringsBuilder({ elements: splits.length - 1 })
  for (let row = 0; row + 1 < splits.length; row++) {
    spend(elementWork)
    for (let i = splits[row]!; i < splits[row + 1]!; i++) {
      spend(elementWork)
      const codePoint = toWritten(codePoints[i]!, faults)
      if (codePoint !== undefined) out.write(encoder(codePoint))
    }
    out.end()
  }
  return [out.finish([out.count])]
}

/** What is written for a code point; undefined: nothing. */
function toWritten(codePoint: number, { policy, replacement }: Faults): number | undefined {
  if (isCharacter(codePoint)) return codePoint
  if (policy === 'strict') throw invalid('Code point is out of range for Unicode, or a noncharacter.')
  if (policy === 'replace') return replacement
  // To ignore the fault is to write the code point, if it is one.
  return codePoint >= 0 && codePoint <= maxCodePoint ? codePoint : undefined
}

/** Whether it may be exchanged: no surrogate, and no noncharacter (The Unicode Standard, section 23.7). */
function isCharacter(codePoint: number): boolean {
  const isNoncharacter = (codePoint & 0xfffe) === 0xfffe || (codePoint >= 0xfdd0 && codePoint <= 0xfdef)
  return isScalarValue(codePoint) && !isNoncharacter
}

function checkSplits(splits: readonly number[], count: number): void {
  if (splits.length === 0) {
    throw invalid(`Input_splits should contain elements, but given input_values has ${count} elements`)
  }
  if (splits[0] !== 0) throw invalid('First value in input_splits must be zero.')
  if (splits.at(-1) !== count) {
    throw invalid('Last value in input_splits must be equal to length of input_tensor.')
  }
  const fallsAt = splits.findIndex((split, i) => i > 0 && split < splits[i - 1]!)
  if (fallsAt > 0) throw invalid('Values in input_splits must be equal or in ascending order.')
}

const transcode: Kernel = (inputs, { attrs }) => {
  const decoder = decoderOf(attrs.string('input_encoding'))
  const encoder = encoderOf(attrs)
  const faults = faultsOf(attrs)
  return [
    mapStrings(stringsAt(inputs, 0), (text, out) => {
      spend(elementWork * text.length)
      decoder(
        text,
        mending(faults, (codePoint) => out.write(encoder(codePoint))),
      )
    }),
  ]
}

export const unicodeOps: OpTable = {
  UnicodeDecode: { kernel: decode(false) },
  UnicodeDecodeWithOffsets: { kernel: decode(true) },
  UnicodeEncode: { kernel: encode },
  UnicodeTranscode: { kernel: transcode },
}
