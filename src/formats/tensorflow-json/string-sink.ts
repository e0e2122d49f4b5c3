/** Leaves of string tensors: text as its bytes, or `{"b64": "..."}`. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { ByteWriter } from './byte-writer.js'
import { debugText } from './debug-text.js'
import { type JsonText, quote } from './json-text.js'
import { grow, refuseType, type TensorSink } from './tensor-sink.js'

export class StringSink implements TensorSink {
  length = 0
  readonly #bytes = new ByteWriter()
  /** Element i ends at `ends[i + 1]`. */
  #ends = new Uint32Array(16)

  takeScalar(text: JsonText): void {
    if (text.peek() !== quote) refuseType(text, 'string')
    text.takeString(this.#bytes)
    this.#endElement()
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    const start = text.at
    const encoded = takeBase64Object(text)
    if (encoded === undefined) {
      text.at = start
      const message = `JSON Value: ${debugText(text)} not formatted correctly for base64 data`
      throw new RecserveError('invalid_argument', message)
    }
    const decoded = decodeBase64(encoded)
    if (!decoded) {
      text.at = start
      throw new RecserveError('invalid_argument', 'Unable to base64 decode')
    }
    this.#bytes.append(decoded)
    this.#endElement()
  }

  truncate(length: number): void {
    this.length = length
    this.#bytes.length = this.#ends[length]!
  }

  finish(shape: readonly number[]): AnyTensor {
    const { length } = this
    const offsets = this.#ends.subarray(0, length + 1)
    return { dtype: 'string', shape, data: { length, bytes: this.#bytes.take(), offsets } }
  }

  #endElement(): void {
    if (++this.length === this.#ends.length)
      this.#ends = grow(this.#ends, (length) => new Uint32Array(length))
    this.#ends[this.length] = this.#bytes.length
  }
}

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
function decodeBase64(encoded: string): Buffer | undefined {
  const text = encoded.replace(/[ \t\n\v\f\r]/g, '')
  const unpadded = text.replace(/={1,2}$/, '')
  const padding = text.length - unpadded.length
  if (!/^[A-Za-z0-9_+/-]*$/.test(unpadded) || unpadded.length % 4 === 1) return undefined
  return padding > 0 && text.length % 4 !== 0 ? undefined : Buffer.from(unpadded, 'base64')
}
