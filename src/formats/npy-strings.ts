import type { Strings } from '../tensor/strings.js'

/** Byte strings of `width` bytes each, without the zeros that fill them up. */
export function toByteStrings(data: Uint8Array, width: number): Strings {
  const length = width === 0 ? 0 : data.length / width
  const bytes = new Uint8Array(data.length)
  const offsets = new Uint32Array(length + 1)
  let end = 0
  for (let i = 0; i < length; i++) {
    let size = width
    while (size > 0 && data[i * width + size - 1] === 0) size--
    bytes.set(data.subarray(i * width, i * width + size), end)
    end += size
    offsets[i + 1] = end
  }
  return { length, bytes: bytes.subarray(0, end), offsets }
}

/** Text of `width` code points each, as UTF-8, without the zeros that fill it up; undefined where one is no character. */
export function toUnicodeStrings(points: Uint32Array, width: number): Strings | undefined {
  const length = width === 0 ? 0 : points.length / width
  // A code point takes four bytes at most, in UTF-8 too.
  const bytes = new Uint8Array(points.byteLength)
  const offsets = new Uint32Array(length + 1)
  let end = 0
  for (let i = 0; i < length; i++) {
    let size = width
    while (size > 0 && points[i * width + size - 1] === 0) size--
    for (let j = i * width; j < i * width + size; j++) {
      const point = points[j]!
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined
      end = writeUtf8(bytes, end, point)
    }
    offsets[i + 1] = end
  }
  return { length, bytes: bytes.subarray(0, end), offsets }
}

/** @returns the place behind it */
function writeUtf8(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point
    return at + 1
  }
  const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3
  // The first byte's leading ones say how many bytes there are.
  bytes[at] = ((0xff00 >> (more + 1)) & 0xff) | (point >> (6 * more))
  for (let i = 1; i <= more; i++) bytes[at + i] = 0x80 | ((point >> (6 * (more - i))) & 0x3f)
  return at + more + 1
}
