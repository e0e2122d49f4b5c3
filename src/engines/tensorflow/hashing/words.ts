/**
 * Arithmetic of unsigned 64-bit words. Every result goes through `BigInt.asUintN(64, …)`, which V8 compiles to machine
 * words; a bigint that is not cut there grows, and is an object of the heap.
 */

export const word = (value: bigint): bigint => BigInt.asUintN(64, value)

export const add = (a: bigint, b: bigint): bigint => BigInt.asUintN(64, a + b)

export const multiply = (a: bigint, b: bigint): bigint => BigInt.asUintN(64, a * b)

export const rotateRight = (a: bigint, bits: bigint): bigint =>
  BigInt.asUintN(64, (a >> bits) | BigInt.asUintN(64, a << (64n - bits)))

export const rotateLeft = (a: bigint, bits: bigint): bigint => rotateRight(a, 64n - bits)

/** Eight bytes, the least first. */
export function readWord(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readHalf(bytes, at + 4)) << 32n) | BigInt(readHalf(bytes, at))
}

/** Four bytes, the least first. */
export function readHalf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
