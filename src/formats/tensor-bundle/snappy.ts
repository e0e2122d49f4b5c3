/** Snappy's raw format (github.com/google/snappy/blob/main/format_description.txt). */

/** The longest match, 64 bytes, takes three bytes. */
const largestRatio = 22

/**
 * Bytes from a compressed block. What it says of its own length is checked against what so few bytes can stand for before
 * anything is allocated.
 *
 * @param fail called for a block that is not well-formed
 */
export function decompressSnappy(input: Uint8Array, fail: (text: string) => never): Uint8Array {
  const header = readLength(input, fail)
  if (header.length > largestRatio * input.length) {
    fail(`${header.length} bytes cannot come from ${input.length} compressed ones`)
  }
  const output = new Uint8Array(header.length)
  let from = header.end
  let to = 0
  while (from < input.length) {
    const tag = input[from++]!
    const isLiteral = (tag & 3) === 0
    const extra = isLiteral ? literalExtra(tag) : copyExtra[tag & 3]!
    if (from + extra > input.length) fail('a compressed block ends too early')
    let more = 0
    for (let i = 0; i < extra; i++) more += input[from + i]! * 256 ** i
    from += extra
    const length = isLiteral ? (extra > 0 ? more : tag >>> 2) + 1 : copyLength(tag)
    if (length > output.length - to) fail('a compressed block is longer than it says')
    if (isLiteral) {
      if (length > input.length - from) fail('a compressed block ends too early')
      output.set(input.subarray(from, from + length), to)
      from += length
    } else {
      const back = (tag & 3) === 1 ? more + ((tag >>> 5) << 8) : more
      if (back === 0 || back > to) fail('a compressed block repeats what was not there')
      // One by one: what is copied may overlap what it makes.
      for (let i = 0; i < length; i++) output[to + i] = output[to + i - back]!
    }
    to += length
  }
  if (to !== output.length) fail('a compressed block is shorter than it says')
  return output
}

/** Bytes of the offset, by the tag's lower two bits. */
const copyExtra: readonly number[] = [0, 1, 2, 4]

function copyLength(tag: number): number {
  return (tag & 3) === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
}

/** From 60 on the length follows, in 1 to 4 bytes. */
function literalExtra(tag: number): number {
  return Math.max(0, (tag >>> 2) - 59)
}

function readLength(input: Uint8Array, fail: (text: string) => never): { length: number; end: number } {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = input[i]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { length, end: i + 1 }
  }
  fail('a compressed block does not say how long it is')
}
