/** Bytes in JSON: `{"b64": "..."}`. */
import { ByteWriter } from './byte-writer.js'
import { type JsonText, quote } from './json-text.js'

/**
 * Steps over an object whose only member is a string named `b64`; gives that string.
 *
 * @returns undefined where the object is another, `text` then being anywhere in it
 */
export function takeBase64Object(text: JsonText): string | undefined {
  if (!text.enter() || text.peek() !== quote) return undefined
  const key = new ByteWriter(8)
  text.takeKey(key)
  if (key.take().toString('latin1') !== 'b64' || text.peek() !== quote) return undefined
  const value = new ByteWriter()
  text.takeString(value)
  return text.nextMember() ? undefined : value.take().toString('latin1')
}

/** Bytes of standard or URL-safe base64, padded or not, space between ignored; undefined where it is neither. */
export function decodeBase64(encoded: string): Buffer | undefined {
  const text = encoded.replace(/[ \t\n\v\f\r]/g, '')
  const unpadded = text.replace(/={1,2}$/, '')
  const padding = text.length - unpadded.length
  if (!/^[A-Za-z0-9_+/-]*$/.test(unpadded) || unpadded.length % 4 === 1) return undefined
  return padding > 0 && text.length % 4 !== 0 ? undefined : Buffer.from(unpadded, 'base64')
}
