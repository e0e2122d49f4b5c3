/** Base64 in its web-safe alphabet (RFC 4648, section 5). */
import type { Kernel, OpTable } from '../../op.js'
import { invalid } from '../array/arguments.js'
import { latin1Of, mapStrings, stringsAt } from './arguments.js'

const encode: Kernel = (inputs, { attrs }) => {
  const isPadded = attrs.bool('pad', false)
  return [
    mapStrings(stringsAt(inputs, 0), (element, out) => {
      const text = Buffer.from(element.buffer, element.byteOffset, element.length).toString('base64url')
      out.writeLatin1(isPadded ? text.padEnd(4 * Math.ceil(text.length / 4), '=') : text)
    }),
  ]
}

const alphabet = /^[\w-]*$/

const decode: Kernel = (inputs) => [
  mapStrings(stringsAt(inputs, 0), (element, out) => {
    const text = withoutPadding(latin1Of(element))
    if (text.length % 4 === 1) throw invalid('Base64 string length cannot be 1 modulo 4.')
    if (!alphabet.test(text)) throw invalid('Invalid character found in base64.')
    out.write(Buffer.from(text, 'base64url'))
  }),
]

/** Padding may be there where it fills the text up to a multiple of four. */
function withoutPadding(text: string): string {
  if (text.length === 0 || text.length % 4 !== 0) return text
  return text.replace(/={1,2}$/, '')
}

export const base64Ops: OpTable = {
  EncodeBase64: { kernel: encode },
  DecodeBase64: { kernel: decode },
}
