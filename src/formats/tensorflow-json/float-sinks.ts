/** Leaves of floating-point and truth-value tensors. */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { tensor } from '../../tensor/tensor.js'
import { takeDecimal } from './double-literal.js'
import type { JsonText } from './json-text.js'
import { grow, refuseType, type TensorSink } from './tensor-sink.js'

const firstCapacity = 16
const quote = 0x22
const letterT = 0x74
const letterF = 0x66
const letterN = 0x6e

/** Whether a scalar is a string or one of `true`, `false`, `null`. What is nothing at all counts as a number. */
export function isNoNumber(byte: number): boolean {
  return byte === quote || byte === letterT || byte === letterF || byte === letterN
}

/** float32, and the 16-bit floats, which are kept as float32 rounded to them. */
export class Float32Sink implements TensorSink {
  length = 0
  readonly #dtype: 'float32' | 'float16' | 'bfloat16'
  #data = new Float32Array(firstCapacity)

  constructor(dtype: 'float32' | 'float16' | 'bfloat16') {
    this.#dtype = dtype
  }

  takeScalar(text: JsonText): void {
    if (isNoNumber(text.peek())) refuseType(text, this.#dtype)
    if (this.length === this.#data.length) this.#data = grow(this.#data, (length) => new Float32Array(length))
    const decimal = takeDecimal(text, true)
    if (!Number.isNaN(decimal)) {
      this.#data[this.length++] = decimal
      return
    }
    const { number, bytes, at } = text
    number.read(bytes, at)
    this.#data[this.length++] = number.toFloat(bytes, at)
    text.at = number.stop
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, this.#dtype)
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    const data = this.#data.subarray(0, this.length)
    if (this.#dtype !== 'float32') {
      const round = this.#dtype === 'float16' ? roundToFloat16 : roundToBfloat16
      for (let i = 0; i < data.length; i++) data[i] = round(data[i]!)
    }
    return tensor(this.#dtype, shape, data)
  }
}

export class Float64Sink implements TensorSink {
  length = 0
  #data = new Float64Array(firstCapacity)

  takeScalar(text: JsonText): void {
    if (isNoNumber(text.peek())) refuseType(text, 'float64')
    if (this.length === this.#data.length) this.#data = grow(this.#data, (length) => new Float64Array(length))
    const decimal = takeDecimal(text)
    if (!Number.isNaN(decimal)) {
      this.#data[this.length++] = decimal
      return
    }
    const { number, bytes, at } = text
    number.read(bytes, at)
    this.#data[this.length++] = number.toDouble(bytes, at)
    text.at = number.stop
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, 'float64')
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    return tensor('float64', shape, this.#data.subarray(0, this.length))
  }
}

export class BoolSink implements TensorSink {
  length = 0
  #data = new Uint8Array(firstCapacity)

  takeScalar(text: JsonText): void {
    const byte = text.peek()
    if (byte !== letterT && byte !== letterF) refuseType(text, 'bool')
    text.skipValue()
    if (this.length === this.#data.length) this.#data = grow(this.#data, (length) => new Uint8Array(length))
    this.#data[this.length++] = byte === letterT ? 1 : 0
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, 'bool')
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    return tensor('bool', shape, this.#data.subarray(0, this.length))
  }
}

const word = new Uint32Array(1)
const asFloat = new Float32Array(word.buffer)

/** To the nearest bfloat16, ties to even. */
function roundToBfloat16(value: number): number {
  asFloat[0] = value
  if (!Number.isNaN(value)) word[0] = (word[0]! + 0x7fff + ((word[0]! >>> 16) & 1)) & 0xffff0000
  return asFloat[0]!
}

/** To the nearest float16, ties to even. */
function roundToFloat16(value: number): number {
  const size = Math.abs(value)
  if (!(size < Infinity)) return value
  // Adding and subtracting a power of two rounds to the unit of the last place below it.
  const exponent = Math.max(Math.floor(Math.log2(size || 1)), -14)
  const unit = 2 ** (Math.min(exponent, 16) - 10)
  const rounded = roundHalfEven(size / unit) * unit
  const result = rounded >= 65520 ? Infinity : rounded
  return value < 0 || Object.is(value, -0) ? -result : result
}

function roundHalfEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1
  return low % 2 === 0 ? low : low + 1
}
