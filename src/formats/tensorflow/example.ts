/**
 * The layout of tf.Example and tf.SequenceExample (tensorflow/core/example/{example,feature}.proto) in untrusted bytes: where
 * the features stand that are asked for, found in one walk that makes no object of any feature. What is taken and what is
 * refused is what TensorFlow's fast parser does (core/util/example_proto_fast_parsing.cc): unknown fields are skipped at the top
 * level and refused below it, and of two features of one name the last counts. But a message that ends too early is always
 * refused: that one takes some of these, without what was cut off.
 */
import type { ExampleNames } from './example-names.js'

/** In `starts`, of a feature that is not there. */
export const missing = 0xffffffff

/** Where features stand: of feature f in message i at place `f * rows + i`. */
export interface FeatureSpans {
  readonly bytes: Uint8Array
  readonly rows: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** One map of a message whose features are looked for. */
export interface FeatureMap {
  /** Its field number in the message. */
  readonly field: number
  readonly names: ExampleNames
  readonly spans: FeatureSpans
  /** Whether a feature without a value hides an earlier one of its name. */
  readonly keepsEmpty: (feature: number) => boolean
}

const delimited = 2
const keyTag = 0x0a
const valueTag = 0x12

/** Bytes that are walked: plain positions, so that nothing is allocated on the way. */
export class WireCursor {
  readonly bytes: Uint8Array
  at = 0
  end = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  begin(start: number, end: number): this {
    this.at = start
    this.end = end
    return this
  }

  /** A varint of at most 32 bits, as lengths and tags are; -1 where there is none. */
  uint32(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) return -1
      const byte = this.bytes[this.at++]!
      // Higher bits than 32 are dropped, as protobuf does.
      if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0
      if (byte < 0x80) return value
    }
    return -1
  }

  /** Steps over a length and gives the end of what follows; -1 where that is beyond the end. */
  spanEnd(): number {
    const length = this.uint32()
    return length < 0 || length > this.end - this.at ? -1 : this.at + length
  }

  /** Steps over the value of a field. @returns whether there was one; groups, which protobuf 3 has no more, are none */
  skip(wireType: number): boolean {
    if (wireType === 0) return this.uint32() >= 0
    const stop = wireType === delimited ? this.spanEnd() : this.at + (fixedSizes[wireType] ?? Number.NaN)
    if (!(stop >= this.at && stop <= this.end)) return false
    this.at = stop
    return true
  }
}

/** Bytes of a value by wire type. */
const fixedSizes: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/**
 * Notes where the features of message `row`, at [start, end) of the cursor's bytes, stand.
 *
 * @returns false where the bytes are no such message
 */
export function findFeatures(
  cursor: WireCursor,
  maps: readonly FeatureMap[],
  { row, start, end }: { readonly row: number; readonly start: number; readonly end: number },
): boolean {
  cursor.begin(start, end)
  while (cursor.at < end) {
    const tag = cursor.uint32()
    if (tag < 8) return false
    const map = maps.find(({ field }) => tag === ((field << 3) | delimited))
    if (!map) {
      if (!cursor.skip(tag & 7)) return false
      continue
    }
    const stop = cursor.spanEnd()
    if (stop < 0 || !walkMap(cursor.begin(cursor.at, stop), map, row)) return false
    cursor.begin(stop, end)
  }
  return true
}

function walkMap(cursor: WireCursor, map: FeatureMap, row: number): boolean {
  const { end } = cursor
  while (cursor.at < end) {
    if (cursor.uint32() !== keyTag) return false
    const stop = cursor.spanEnd()
    if (stop < 0 || !readEntry(cursor.begin(cursor.at, stop), map, row)) return false
    cursor.begin(stop, end)
  }
  return true
}

/** An entry has a key and a value, in either order, and nothing else. */
function readEntry(cursor: WireCursor, { names, spans, keepsEmpty }: FeatureMap, row: number): boolean {
  let keyStart = -1
  let keyEnd = -1
  let valueStart = -1
  let valueEnd = -1
  while (cursor.at < cursor.end) {
    const tag = cursor.uint32()
    const stop = cursor.spanEnd()
    if (stop < 0) return false
    if (tag === keyTag) {
      keyStart = cursor.at
      keyEnd = stop
    } else if (tag === valueTag) {
      valueStart = cursor.at
      valueEnd = stop
    } else return false
    cursor.at = stop
  }
  if (keyStart < 0 || valueStart < 0) return false
  const feature = names.find(cursor.bytes, keyStart, keyEnd)
  if (feature < 0 || (valueStart === valueEnd && !keepsEmpty(feature))) return true
  spans.starts[feature * spans.rows + row] = valueStart
  spans.ends[feature * spans.rows + row] = valueEnd
  return true
}
