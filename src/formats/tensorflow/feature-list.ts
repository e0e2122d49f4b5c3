/** The values of one tf.Feature: a list of bytes, floats or int64s, packed or not. */
import type { WireCursor } from './example.js'

/** Dtypes that features have. */
export type FeatureType = 'string' | 'float32' | 'int64'

/** The list's tag, which is a Feature's first byte. */
const types: Readonly<Record<number, FeatureType>> = { 10: 'string', 18: 'float32', 26: 'int64' }

const packedTag = 0x0a
const bytesTag = 0x0a
const floatTag = 0x0d
const int64Tag = 0x08

/** What `countValues` gives where the bytes are no list. */
export const malformed = -1

/** What a Feature, its end beyond its start, holds; undefined where it is none of the kinds there are. */
export function featureTypeAt(bytes: Uint8Array, start: number): FeatureType | undefined {
  return types[bytes[start]!]
}

/**
 * Steps to the values of the Feature that the cursor stands at. A second list in one Feature is not looked at, and one that
 * claims to be longer than its Feature ends with it, as in TensorFlow.
 */
function enterList(cursor: WireCursor): boolean {
  cursor.at++
  const length = cursor.uint32()
  if (length < 0) return false
  cursor.end = Math.min(cursor.end, cursor.at + length)
  return true
}

/** Whether the values are packed; then steps to them. Undefined: the bytes are no list. */
function enterPacked(cursor: WireCursor): boolean | undefined {
  if (cursor.bytes[cursor.at] !== packedTag) return false
  cursor.at++
  const length = cursor.uint32()
  if (length < 0) return undefined
  cursor.end = Math.min(cursor.end, cursor.at + length)
  return true
}

/** How many values the Feature has that the cursor stands at; `malformed` where its bytes are no list of the type. */
export function countValues(cursor: WireCursor, type: FeatureType): number {
  if (!enterList(cursor)) return malformed
  if (cursor.at === cursor.end) return 0
  if (type === 'string') return countStrings(cursor)
  const isPacked = enterPacked(cursor)
  if (isPacked === undefined) return malformed
  if (type === 'float32') return countFloats(cursor, isPacked)
  return isPacked ? countVarints(cursor) : countTagged(cursor, int64Tag)
}

function countStrings(cursor: WireCursor): number {
  let count = 0
  for (; cursor.at < cursor.end; count++) {
    if (cursor.bytes[cursor.at++] !== bytesTag) return malformed
    const stop = cursor.spanEnd()
    if (stop < 0) return malformed
    cursor.at = stop
  }
  return count
}

/** Of packed floats, bytes that are too few for another one are dropped, as in TensorFlow. */
function countFloats({ bytes, at, end }: WireCursor, isPacked: boolean): number {
  if (isPacked) return Math.floor((end - at) / 4)
  if ((end - at) % 5 !== 0) return malformed
  for (let tag = at; tag < end; tag += 5) if (bytes[tag] !== floatTag) return malformed
  return (end - at) / 5
}

function countVarints({ bytes, at, end }: WireCursor): number {
  let count = 0
  let length = 0
  for (let i = at; i < end; i++) {
    if (++length > 10) return malformed
    if (bytes[i]! >= 0x80) continue
    length = 0
    count++
  }
  return length === 0 ? count : malformed
}

function countTagged(cursor: WireCursor, tag: number): number {
  let count = 0
  for (; cursor.at < cursor.end; count++) {
    if (cursor.bytes[cursor.at++] !== tag || !cursor.skip(0)) return malformed
  }
  return count
}

/** Little-endian floats into `target` from `index` on. The Feature has been counted. @returns the index after them */
export function copyFloats(cursor: WireCursor, target: Float32Array, index: number): number {
  enterList(cursor)
  if (cursor.at === cursor.end) return index
  const step = enterPacked(cursor) ? 4 : 5
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
  let to = 4 * index
  for (let from = cursor.at + step - 4; from + 4 <= cursor.end; from += step) {
    for (let i = 0; i < 4; i++) bytes[to++] = cursor.bytes[from + i]!
  }
  return to / 4
}

/** Varints into `target` from `index` on. The Feature has been counted. @returns the index after them */
export function copyInt64s(cursor: WireCursor, target: BigInt64Array, index: number): number {
  enterList(cursor)
  if (cursor.at === cursor.end) return index
  const skipped = enterPacked(cursor) ? 0 : 1
  const halves = new Uint32Array(target.buffer, target.byteOffset, 2 * target.length)
  let to = 2 * index
  while (cursor.at < cursor.end) {
    cursor.at += skipped
    to = putVarint(cursor, halves, to)
  }
  return to / 2
}

/** A varint as two halves, the low one first. */
function putVarint(cursor: WireCursor, halves: Uint32Array, to: number): number {
  const { bytes } = cursor
  let low = 0
  let high = 0
  let byte = 0x80
  for (let shift = 0; byte >= 0x80; shift += 7) {
    byte = bytes[cursor.at++]!
    const bits = byte & 0x7f
    if (shift < 28) low |= bits << shift
    else if (shift === 28) {
      low |= bits << 28
      high = bits >>> 4
    } else high |= bits << (shift - 32)
  }
  halves[to] = low
  halves[to + 1] = high
  return to + 2
}

/** Hands over each string of a bytes list, which has been counted, as a view. */
export function forEachString(cursor: WireCursor, take: (bytes: Uint8Array) => void): void {
  enterList(cursor)
  while (cursor.at < cursor.end) {
    cursor.at++
    const stop = cursor.spanEnd()
    take(cursor.bytes.subarray(cursor.at, stop))
    cursor.at = stop
  }
}

/**
 * Hands over the place of each Feature of a FeatureList at [start, end).
 *
 * @returns false where the bytes are no FeatureList
 */
export function forEachFrame(cursor: WireCursor, take: (start: number, end: number) => void): boolean {
  while (cursor.at < cursor.end) {
    if (cursor.uint32() !== packedTag) return false
    const stop = cursor.spanEnd()
    if (stop < 0) return false
    take(cursor.at, stop)
    cursor.at = stop
  }
  return true
}
