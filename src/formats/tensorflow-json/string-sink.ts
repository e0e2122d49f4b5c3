/** Leaves of string tensors: text as its bytes, or `{"b64": "..."}`. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { decodeBase64, takeBase64Object } from './base64-object.js'
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
