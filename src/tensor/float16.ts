/** 16-bit floats: IEEE 754 binary16 (`float16`) and bfloat16, kept as float32 values that have been rounded to them. */

/** Largest below which a float16 is subnormal: a multiple of 2^-24. */
const smallestNormalBits = 0x38800000
/** 2^16: from here on, every float16 is infinite or NaN. */
const overflowBits = 0x47800000
const infinityBits = 0x7f800000

const one = new Float32Array(1)
const oneBits = new Uint32Array(one.buffer)

/** The nearest float16, ties to even; beyond 65519.99 infinity. */
export function toFloat16(value: number): number {
  one[0] = value
  oneBits[0] = roundedToFloat16(oneBits[0]!)
  return one[0]
}

/** The nearest bfloat16, ties to even. */
export function toBfloat16(value: number): number {
  one[0] = value
  oneBits[0] = roundedToBfloat16(oneBits[0]!)
  return one[0]
}

/** Rounds every value in place; returns the same array. */
export function roundAllToFloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < bits.length; i++) bits[i] = roundedToFloat16(bits[i]!)
  return values
}

/** Rounds every value in place; returns the same array. */
export function roundAllToBfloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < bits.length; i++) bits[i] = roundedToBfloat16(bits[i]!)
  return values
}

/** Rounds in place where the dtype is a 16-bit float, and leaves all else as it is. */
export function roundAllTo<A extends ArrayBufferView>(dtype: string, values: A): A {
  if (values instanceof Float32Array) {
    if (dtype === 'float16') roundAllToFloat16(values)
    else if (dtype === 'bfloat16') roundAllToBfloat16(values)
  }
  return values
}

/** binary16 bits of values, rounded first. */
export function encodeFloat16(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    one[0] = values[i]!
    const rounded = roundedToFloat16(oneBits[0]!)
    const magnitude = rounded & 0x7fffffff
    const sign = (rounded >>> 16) & 0x8000
    if (magnitude > infinityBits) bits[i] = sign | 0x7e00
    else if (magnitude === infinityBits) bits[i] = sign | 0x7c00
    else if (magnitude >= smallestNormalBits) bits[i] = sign | ((magnitude - 0x38000000) >>> 13)
    else {
      oneBits[0] = magnitude
      bits[i] = sign | (one[0] * 2 ** 24)
    }
  }
  return bits
}

export function decodeFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) {
    const exponent = (bits[i]! >>> 10) & 31
    const fraction = bits[i]! & 1023
    const sign = bits[i]! & 0x8000 ? -1 : 1
    if (exponent === 31) values[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else if (exponent === 0) values[i] = sign * fraction * 2 ** -24
    else values[i] = sign * (1024 + fraction) * 2 ** (exponent - 25)
  }
  return values
}

/** bfloat16 bits of values, rounded first. */
export function encodeBfloat16(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    one[0] = values[i]!
    bits[i] = roundedToBfloat16(oneBits[0]!) >>> 16
  }
  return bits
}

export function decodeBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length)
  const wide = new Uint32Array(values.buffer)
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16
  return values
}

/** Bits of a float32 to bits of the float32 that is the nearest float16. */
function roundedToFloat16(bits: number): number {
  const magnitude = bits & 0x7fffffff
  const sign = bits & 0x80000000
  if (magnitude >= overflowBits) {
    if (magnitude > infinityBits) return bits
    return sign | infinityBits
  }
  if (magnitude < smallestNormalBits) {
    oneBits[0] = magnitude
    // Between 0.5 and 1 a float32 is a multiple of 2^-24, as float16 subnormals are: the addition rounds, ties to even.
    one[0] = Math.fround(one[0]! + 0.5) - 0.5
    return sign | oneBits[0]
  }
  // Half of the last place kept, less one where that place is even; a carry goes into the exponent, as it should.
  const rounded = (magnitude + 0xfff + ((magnitude >>> 13) & 1)) & ~0x1fff
  return sign | (rounded >= overflowBits ? infinityBits : rounded)
}

function roundedToBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > infinityBits) return bits | 0x400000
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0
}
