/** Unicode's encoding forms, faults included: decoders say where each character lies and go on after what is none. */
import { RecserveError } from '../../../../core/errors.js'

/** @param codePoint -1 for bytes that are no character */
export type EmitCharacter = (codePoint: number, start: number, end: number) => void

export type Decode = (bytes: Uint8Array, emit: EmitCharacter) => void

/** Bytes that a first byte asks for, and the range of the second: what is too long a form, a surrogate or too large is none. */
function sequenceOf(lead: number): { length: number; low: number; high: number } | undefined {
  if (lead >= 0xc2 && lead <= 0xdf) return { length: 2, low: 0x80, high: 0xbf }
  if (lead >= 0xe0 && lead <= 0xef)
    return { length: 3, low: lead === 0xe0 ? 0xa0 : 0x80, high: lead === 0xed ? 0x9f : 0xbf }
  if (lead >= 0xf0 && lead <= 0xf4)
    return { length: 4, low: lead === 0xf0 ? 0x90 : 0x80, high: lead === 0xf4 ? 0x8f : 0xbf }
  return undefined
}

/** One fault for each longest start of a character (The Unicode Standard, section 3.9, "U+FFFD Substitution"). */
export const decodeUtf8: Decode = (bytes, emit) => {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      emit(lead, at, ++at)
      continue
    }
    const { codePoint, end } = readSequence(bytes, at)
    emit(codePoint, at, end)
    at = end
  }
}

function readSequence(bytes: Uint8Array, start: number): { codePoint: number; end: number } {
  const lead = bytes[start]!
  const sequence = sequenceOf(lead)
  if (sequence === undefined) return { codePoint: -1, end: start + 1 }
  const { length, low, high } = sequence
  let codePoint = lead & (0x7f >> length)
  for (let i = 1; i < length; i++) {
    const byte = bytes[start + i]
    const isTrail = byte !== undefined && byte >= (i === 1 ? low : 0x80) && byte <= (i === 1 ? high : 0xbf)
    if (!isTrail) return { codePoint: -1, end: start + i }
    codePoint = (codePoint << 6) | (byte & 0x3f)
  }
  return { codePoint, end: start + length }
}

const isLead = (unit: number) => unit >= 0xd800 && unit <= 0xdbff
const isTrail = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff

function decodeUtf16(isLittle: boolean): Decode {
  return (bytes, emit) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const unitAt = (at: number) => (at + 2 <= bytes.length ? view.getUint16(at, isLittle) : 0)
    for (let at = 0; at < bytes.length; ) {
      const unit = unitAt(at)
      const next = unitAt(at + 2)
      const isPair = isLead(unit) && isTrail(next)
      // A first half with one byte behind it is one fault.
      const isCut = isLead(unit) && at + 3 === bytes.length
      const end = Math.min(at + (isPair || isCut ? 4 : 2), bytes.length)
      const isBroken = at + 2 > bytes.length || (!isPair && (isLead(unit) || isTrail(unit)))
      const codePoint = isPair ? 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00) : unit
      emit(isBroken ? -1 : codePoint, at, end)
      at = end
    }
  }
}

function decodeUtf32(isLittle: boolean): Decode {
  return (bytes, emit) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at < bytes.length; at += 4) {
      const codePoint = at + 4 <= bytes.length ? view.getUint32(at, isLittle) : -1
      emit(isScalarValue(codePoint) ? codePoint : -1, at, Math.min(at + 4, bytes.length))
    }
  }
}

/** Each byte is a character up to the last. */
function decodeBytes(last: number): Decode {
  return (bytes, emit) => {
    for (let at = 0; at < bytes.length; at++) emit(bytes[at]! <= last ? bytes[at]! : -1, at, at + 1)
  }
}

export function isScalarValue(codePoint: number): boolean {
  return codePoint >= 0 && codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint <= 0xdfff)
}

const decoders: ReadonlyMap<string, Decode> = new Map([
  ['utf8', decodeUtf8],
  ['utf16be', decodeUtf16(false)],
  ['utf16le', decodeUtf16(true)],
  ['utf32be', decodeUtf32(false)],
  ['utf32le', decodeUtf32(true)],
  ['usascii', decodeBytes(0x7f)],
  ['ascii', decodeBytes(0x7f)],
  ['iso88591', decodeBytes(0xff)],
  ['latin1', decodeBytes(0xff)],
])

/** Bytes 0x80 to 0x9f; Node's decoder of that name takes them for control characters. */
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

const decodeWindows1252: Decode = (bytes, emit) => {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    emit(byte >= 0x80 && byte <= 0x9f ? windows1252.charCodeAt(byte - 0x80) : byte, at, at + 1)
  }
}

const singleBytes = /^(?:windows-125\d|iso-8859-\d+|koi8-[ru])$/i

/** By the table of a code page in which each byte is a character or none. */
function decodeCodePage(name: string): Decode {
  const decoder = new TextDecoder(name)
  const table = Array.from({ length: 256 }, (_, byte) => {
    const codePoint = decoder.decode(Uint8Array.of(byte)).codePointAt(0) ?? -1
    return codePoint === 0xfffd ? -1 : codePoint
  })
  return (bytes, emit) => {
    for (let at = 0; at < bytes.length; at++) emit(table[bytes[at]!]!, at, at + 1)
  }
}

/** @throws RecserveError `invalid_argument` for a name that is none of the encodings known here */
export function decoderOf(encoding: string): Decode {
  const decoder = decoders.get(encoding.toLowerCase().replace(/[-_ ]/g, ''))
  if (decoder) return decoder
  if (/^(?:windows-|cp)1252$/i.test(encoding)) return decodeWindows1252
  if (singleBytes.test(encoding)) return decodeCodePage(encoding)
  throw new RecserveError(
    'invalid_argument',
    `Could not create converter for input encoding: ${encoding}; known are UTF-8, UTF-16-BE, UTF-16-LE, UTF-32-BE, UTF-32-LE, US-ASCII, ISO-8859-n, windows-125n and KOI8`,
  )
}

/** Bytes of one character. */
export type Encode = (codePoint: number) => Uint8Array

const encodeUtf16: Encode = (codePoint) => Buffer.from(String.fromCodePoint(codePoint), 'utf16le').swap16()

const encodeUtf32: Encode = (codePoint) => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, codePoint)
  return bytes
}

/** The three that TensorFlow writes. */
export const encoders: ReadonlyMap<string, Encode> = new Map([
  ['UTF-8', (codePoint: number) => Buffer.from(String.fromCodePoint(codePoint))],
  ['UTF-16-BE', encodeUtf16],
  ['UTF-32-BE', encodeUtf32],
])
