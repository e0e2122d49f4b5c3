/**
 * What the array kernels move: elements of any dtype as fixed-size groups of words, so that no kernel has code per dtype.
 * Numbers are their own bits, as 8-, 16- or 32-bit words (bits survive, NaN payloads too, and the loops meet three array
 * classes only). Byte strings are numbered, and their bytes are gathered once, at the end.
 */

import { RecserveError } from '../../../../core/errors.js'
import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import type { Strings } from '../../../../tensor/strings.js'
import { isComplex, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { arrayClasses, checkLength, newData } from '../new-data.js'

export type Words = Uint8Array | Uint16Array | Uint32Array

/** Tensors of one dtype, opened for moving. */
export interface Elements {
  /** One per tensor, `unit` words an element. */
  readonly sources: readonly Words[]
  /** Words an element. */
  readonly unit: number
  /**
   * Room for a shape: zeros, false or empty strings.
   *
   * @throws RecserveError `resource_exhausted` where the run would hold too much
   */
  create(shape: readonly number[]): Words
  /** Words made by `create` and filled from `sources`, as a tensor of the dtype. */
  toTensor(shape: readonly number[], words: Words): AnyTensor
}

export function openElements(tensors: readonly AnyTensor[]): Elements {
  const [first] = tensors
  if (first === undefined) throw new RecserveError('invalid_argument', 'the op needs at least one input')
  for (const { dtype } of tensors) {
    if (dtype === first.dtype) continue
    throw new RecserveError(
      'invalid_argument',
      `inputs of one dtype were expected, got ${first.dtype} and ${dtype}`,
    )
  }
  return first.dtype === 'string' ? openStrings(tensors) : openNumbers(first.dtype, tensors)
}

function openNumbers(dtype: NumericType, tensors: readonly AnyTensor[]): Elements {
  const size = arrayClasses[dtype].BYTES_PER_ELEMENT * (isComplex(dtype) ? 2 : 1)
  const unit = Math.max(1, size / 4)
  const words = size === 1 ? Uint8Array : size === 2 ? Uint16Array : Uint32Array
  const view = (data: TypedArray) =>
    new words(data.buffer, data.byteOffset, data.byteLength / words.BYTES_PER_ELEMENT)
  return {
    sources: tensors.map((each) => view(each.data as TypedArray)),
    unit,
    create: (shape) => {
      const length = checkLength(dtype, shape, unit)
      claimTensor(dtype, shape, length * words.BYTES_PER_ELEMENT)
      return new words(length)
    },
    toTensor: (shape, { buffer, byteOffset, byteLength }) =>
      tensor(
        dtype,
        shape,
        new arrayClasses[dtype](
          buffer as ArrayBuffer,
          byteOffset,
          byteLength / arrayClasses[dtype].BYTES_PER_ELEMENT,
        ),
      ),
  }
}

/** Number 0 is the empty string, so that fresh room is empty strings; the tensors' elements follow in order. */
function openStrings(tensors: readonly AnyTensor[]): Elements {
  const all = tensors.map(({ data }) => data as Strings)
  let next = 1
  const starts = all.map(({ length }) => {
    const start = next
    next += length
    return start
  })
  return {
    sources: all.map(({ length }, i) => numbersFrom(starts[i]!, length)),
    unit: 1,
    create: (shape) => newData('uint32', shape) as Uint32Array,
    toTensor: (shape, words) => ({ dtype: 'string', shape, data: gatherStrings(all, starts, words) }),
  }
}

function numbersFrom(start: number, length: number): Uint32Array {
  const numbers = newData('uint32', [length])
  for (let i = 0; i < length; i++) numbers[i] = start + i
  return numbers
}

function gatherStrings(all: readonly Strings[], starts: readonly number[], words: Words): Strings {
  const offsets = newData('uint32', [words.length + 1])
  const owners = newData('uint32', [all.length > 1 ? words.length : 0])
  let total = 0
  for (let i = 0; i < words.length; i++) {
    spend(1)
    const word = words[i]!
    if (word > 0) {
      let owner = all.length - 1
      while (starts[owner]! > word) owner--
      if (all.length > 1) owners[i] = owner
      const local = word - starts[owner]!
      total += all[owner]!.offsets[local + 1]! - all[owner]!.offsets[local]!
    }
    if (total >= 2 ** 32) throw new RecserveError('resource_exhausted', 'a tensor of strings is over 4 GiB')
    offsets[i + 1] = total
  }
  claimTensor('string', [words.length], total)
  const bytes = new Uint8Array(total)
  for (let i = 0; i < words.length; ) {
    const word = words[i]!
    const owner = owners[i] ?? 0
    const at = offsets[i]!
    // Neighbours in their source are copied in one piece.
    let end = i + 1
    while (word > 0 && words[end] === word + end - i && (owners[end] ?? 0) === owner) end++
    spend(end - i)
    if (word > 0) {
      const { bytes: from, offsets: ends } = all[owner]!
      const local = word - starts[owner]!
      bytes.set(from.subarray(ends[local], ends[local + end - i]), at)
    }
    i = end
  }
  return { length: words.length, bytes, offsets }
}
