/** Text as bytes, never as JavaScript strings: TensorFlow's strings hold any byte. */

/** Element i is `bytes.subarray(offsets[i], offsets[i + 1])`. */
export interface Strings {
  readonly length: number
  readonly bytes: Uint8Array
  /** `length + 1` ascending positions in `bytes`. */
  readonly offsets: Uint32Array
}

/** A tensor of byte strings, row-major. */
export interface StringTensor {
  readonly dtype: 'string'
  readonly shape: readonly number[]
  readonly data: Strings
}

const utf8 = new TextEncoder()

export function stringAt(strings: Strings, index: number): Uint8Array {
  return strings.bytes.subarray(strings.offsets[index], strings.offsets[index + 1])
}

/** Copies each element, a string as its UTF-8. */
export function toStrings(elements: readonly (Uint8Array | string)[]): Strings {
  const parts = elements.map((element) => (typeof element === 'string' ? utf8.encode(element) : element))
  const offsets = new Uint32Array(parts.length + 1)
  for (const [i, part] of parts.entries()) offsets[i + 1] = offsets[i]! + part.length
  const bytes = new Uint8Array(offsets[parts.length]!)
  for (const [i, part] of parts.entries()) bytes.set(part, offsets[i])
  return { length: parts.length, bytes, offsets }
}
