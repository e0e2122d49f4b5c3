/** Characters of UTF-8 by their first bytes alone, whether the text is valid or not: how TensorFlow counts them. */

const isTrail = (byte: number) => (byte & 0xc0) === 0x80

/** Bytes that begin a character. */
export function countCharacters(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) if (!isTrail(byte)) count++
  return count
}

/** Where a number of characters after `from` ends: at most at the end of the text. */
export function forward(bytes: Uint8Array, from: number, characters: number): { at: number; moved: number } {
  let at = from
  let moved = 0
  while (moved < characters && at < bytes.length) {
    at++
    while (at < bytes.length && isTrail(bytes[at]!)) at++
    moved++
  }
  return { at, moved }
}

/** Where a number of characters before `from` begins: at least at the front of the text. */
export function backward(bytes: Uint8Array, from: number, characters: number): { at: number; moved: number } {
  let at = from
  let moved = 0
  while (moved < characters && at > 0) {
    at--
    while (at > 0 && isTrail(bytes[at]!)) at--
    moved++
  }
  return { at, moved }
}
