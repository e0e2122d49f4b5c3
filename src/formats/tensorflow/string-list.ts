/** How TensorFlow puts strings into bytes: the lengths as varints, then the strings end to end (tensor_coding.cc). */
import type { Strings } from '../../tensor/strings.js'

export interface Lengths {
  readonly lengths: Uint32Array
  readonly total: number
  /** Where they end. */
  readonly end: number
}

/**
 * Reads `count` lengths from the beginning of `bytes`.
 *
 * @param fail called where a length has no end or goes beyond 2^32 - 1, or all together do
 */
export function readLengths(bytes: Uint8Array, count: number, fail: (text: string) => never): Lengths {
  if (count > bytes.length) fail(`${count} strings are in ${bytes.length} bytes`)
  const lengths = new Uint32Array(count)
  let total = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || scale > 2 ** 28) fail('the length of a string has no end')
      length += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    total += length
    if (total > 2 ** 32 - 1) fail('its strings have more than 2^32 - 1 bytes')
    lengths[i] = length
  }
  return { lengths, total, end: at }
}

/** Strings that lie end to end. */
export function toStringsOfLengths(lengths: Uint32Array, bytes: Uint8Array): Strings {
  const offsets = new Uint32Array(lengths.length + 1)
  for (let i = 0; i < lengths.length; i++) offsets[i + 1] = offsets[i]! + lengths[i]!
  return { length: lengths.length, bytes, offsets }
}
