import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from './byte-reader.js'

const reader = (...bytes: number[]) => new ByteReader(Uint8Array.from(bytes), 'some.bin')

test('reads little-endian numbers one after another', () => {
  const bytes = Buffer.concat([
    Buffer.of(255),
    Buffer.from(Int32Array.of(-7).buffer),
    Buffer.from(BigUint64Array.of(2n ** 63n + 1n).buffer),
    Buffer.from(Float32Array.of(0.5, -0).buffer),
    Buffer.from('end'),
  ])
  // Somewhere within its buffer, as Node's small Buffers are.
  const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)
  const given = new ByteReader(shifted, 'some.bin')
  const floats = new Float32Array(2)
  assert.equal(given.uint8('a'), 255)
  assert.equal(given.int32('b'), -7)
  assert.equal(given.uint64('c'), 2n ** 63n + 1n)
  given.float32s(floats, 'd')
  assert.deepEqual(floats, Float32Array.of(0.5, -0))
  assert.equal(given.remaining, 3)
  assert.equal(given.text(3, 'e'), 'end')
  assert.equal(given.remaining, 0)
})

test('shows bytes that do not print, so that a message may hold them', () => {
  assert.equal(reader(0x49, 0x0a, 0x5c, 0xff).text(4, 'type'), 'I\\x0a\\x5c\\xff')
})

test('counts are bounded by the bytes that are left, without overflow', () => {
  const withCount = (count: bigint) =>
    new ByteReader(
      Buffer.concat([Buffer.from(BigUint64Array.of(count).buffer), Buffer.alloc(16)]),
      'some.bin',
    )
  assert.equal(withCount(4n).count('values', 4), 4)
  for (const count of [5n, 2n ** 32n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n]) {
    assert.throws(() => withCount(count).count('values', 4), {
      code: 'data_loss',
      message: `some.bin: values: ${count} of 4 bytes each, but 16 bytes are left (at byte 0)`,
    })
  }
})

test('safe integers are read, others refused', () => {
  const read = (...values: bigint[]) => {
    const numbers = new Float64Array(values.length)
    new ByteReader(Buffer.from(BigInt64Array.from(values).buffer), 'some.bin').safeIntegers(numbers, 'id')
    return [...numbers]
  }
  const largest = 2n ** 53n - 1n
  assert.deepEqual(read(0n, 2n ** 32n + 5n, 2n ** 32n - 1n, largest), [
    0,
    4294967301,
    4294967295,
    Number(largest),
  ])
  for (const wrong of [-1n, largest + 1n, -(2n ** 63n), 2n ** 63n - 1n]) {
    assert.throws(() => read(1n, wrong), {
      code: 'failed_precondition',
      message: `some.bin: id: ${wrong} is not from 0 to 2^53 - 1 (at byte 8)`,
    })
  }
})

const reads: readonly [string, (given: ByteReader) => void][] = [
  ['uint8', (given) => given.uint8('it')],
  ['int32', (given) => given.int32('it')],
  ['uint64', (given) => given.uint64('it')],
  ['text', (given) => given.text(4, 'it')],
  ['count', (given) => given.count('it', 1)],
  ['float32s', (given) => given.float32s(new Float32Array(1), 'it')],
  ['safeIntegers', (given) => given.safeIntegers(new Float64Array(1), 'it')],
  ['skip', (given) => given.skip(4, 'it')],
]
for (const [name, read] of reads) {
  test(`${name} says where the file ends, and moves no further`, () => {
    const given = reader(1, 2, 3)
    given.skip(name === 'uint8' ? 3 : 1, 'head')
    const { offset } = given
    assert.throws(() => read(given), {
      code: 'data_loss',
      message: new RegExp(
        `^some\\.bin: it: the file ends, \\d bytes are needed and \\d are left \\(at byte ${offset}\\)$`,
      ),
    })
    assert.equal(given.offset, offset)
  })
}
