/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes at a time ("slicing by 8", Intel 2006). */

/** The polynomial with its bits reversed. */
const polynomial = 0x82f63b78

const tables = createTables()
const none = new Int32Array(0)

function createTables(): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
  const made = [first]
  for (let k = 1; k < 8; k++) made.push(made[k - 1]!.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)))
  return made
}

/** The checksum of `bytes`, or of what `crc` is the checksum of and `bytes` behind it. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ]
  let state = ~crc
  let at = 0
  const aligned = Math.min(bytes.length, -bytes.byteOffset & 3)
  for (; at < aligned; at++) state = t0[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8)
  const count = (bytes.length - at) >>> 2
  const words = count > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + at, count) : none
  for (let i = 0; i + 2 <= words.length; i += 2, at += 8) {
    const low = words[i]! ^ state
    const high = words[i + 1]!
    state =
      t7[low & 0xff]! ^
      t6[(low >>> 8) & 0xff]! ^
      t5[(low >>> 16) & 0xff]! ^
      t4[low >>> 24]! ^
      t3[high & 0xff]! ^
      t2[(high >>> 8) & 0xff]! ^
      t1[(high >>> 16) & 0xff]! ^
      t0[high >>> 24]!
  }
  for (; at < bytes.length; at++) state = t0[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8)
  return ~state >>> 0
}

const maskDelta = 0xa282ead8

/** How a checksum is stored beside the bytes it is of (leveldb/util/crc32c.h): a checksum of a checksum is no good. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0
}
