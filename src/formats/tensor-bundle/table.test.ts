import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockBytes, tableBytes } from '../../../tests/tensor-bundle-file.js'
import { crc32c, maskCrc } from './crc32c.js'
import { toSliceKey } from './ordered-code.js'
import { decompressSnappy } from './snappy.js'
import { parseTable } from './table.js'

const refuse = (text: string): never => {
  throw new Error(text)
}

test('crc32c is that of RFC 3720, at every alignment and in parts', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 0xff)
  const expected = crc32c(bytes.slice(3))
  for (let at = 3; at <= 100; at++) {
    assert.equal(crc32c(bytes.subarray(at), crc32c(bytes.subarray(3, at))), expected)
  }
})

test('a masked checksum is what leveldb makes of it', () => {
  // leveldb/util/crc32c_test.cc: a mask is undone by subtracting the delta and turning back.
  const crc = crc32c(Buffer.from('foo'))
  const turned = (maskCrc(crc) - 0xa282ead8) >>> 0
  assert.equal(((turned >>> 17) | (turned << 15)) >>> 0, crc)
})

test('snappy literals, copies and copies that overlap themselves', () => {
  const literal = (text: string) => [(text.length - 1) << 2, ...Buffer.from(text)]
  const unpack = (...bytes: number[]) =>
    Buffer.from(decompressSnappy(Uint8Array.from(bytes), refuse)).toString()
  assert.equal(unpack(0), '')
  assert.equal(unpack(5, ...literal('abcde')), 'abcde')
  // Copies with an offset of 11 bits (length 4 to 11), 16 bits and 32 bits.
  assert.equal(unpack(9, ...literal('ab'), ((7 - 4) << 2) | 1, 2), 'ababababa')
  assert.equal(unpack(6, ...literal('abc'), ((3 - 1) << 2) | 2, 3, 0), 'abcabc')
  assert.equal(unpack(6, ...literal('abc'), ((3 - 1) << 2) | 3, 3, 0, 0, 0), 'abcabc')
  const long = 'x'.repeat(70)
  assert.equal(unpack(70, 60 << 2, 69, ...Buffer.from(long)), long)
})

const spoilt: Readonly<Record<string, readonly number[]>> = {
  'no length': [],
  'a length without end': [0x80, 0x80],
  'far more bytes than it can have': [0xff, 0xff, 0xff, 0x7f, 0],
  'a literal that is cut short': [5, 4 << 2, 0x61],
  'too long a literal': [1, 1 << 2, 0x61, 0x62],
  'a copy from before the beginning': [5, 0, 0x61, 1, 2],
  'a copy of nothing': [5, 0, 0x61, 1, 0],
  'fewer bytes than it says': [5, 0, 0x61],
}
for (const [name, bytes] of Object.entries(spoilt)) {
  test(`snappy refuses ${name}`, () => {
    assert.throws(() => decompressSnappy(Uint8Array.from(bytes), refuse), /compressed/)
  })
}

/** A block as one literal. */
const compress = (block: Buffer) =>
  Buffer.concat([
    Buffer.of(0x80 | (block.length & 0x7f), block.length >>> 7),
    Buffer.of(61 << 2, (block.length - 1) & 0xff, (block.length - 1) >>> 8),
    block,
  ])

const rows = Array.from({ length: 100 }, (_, i) => {
  const key = i === 0 ? '' : `layer/${String(i).padStart(3, '0')}/kernel`
  return [key, Buffer.from(`value ${i}`)] as const
})
const read = (bytes: Buffer) =>
  parseTable(bytes, 'variables.index').map(({ key, value }) => [key, Buffer.from(value)] as const)

test('reads rows whose keys leave their prefix out, in one block, in many, compressed', () => {
  assert.deepEqual(read(tableBytes(rows)), rows)
  assert.deepEqual(read(tableBytes(rows, { blockRows: 7 })), rows)
  assert.deepEqual(read(tableBytes(rows, { blockRows: 40, compression: { type: 1, compress } })), rows)
  assert.deepEqual(read(tableBytes([])), [])
})

const value = Buffer.alloc(0)
const broken: Readonly<Record<string, [Buffer, RegExp]>> = {
  'an unknown compression': [
    tableBytes(rows, { compression: { type: 9, compress: (block) => block } }),
    /unknown compression 9/,
  ],
  'keys out of order': [
    tableBytes([
      ['b', value],
      ['a', value],
    ]),
    /keys are not in order/,
  ],
  'a key twice': [
    tableBytes([
      ['a', value],
      ['a', value],
    ]),
    /keys are not in order/,
  ],
  'a key without end': [tableBytes([['x'.repeat(2 ** 17), value]]), /keys are too long/],
  'too few bytes': [Buffer.alloc(47), /too few/],
  'a wrong magic number': [Buffer.alloc(48), /magic number/],
}
for (const [name, [bytes, message]] of Object.entries(broken)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseTable(bytes, 'variables.index'), { code: 'data_loss', message })
    assert.throws(() => parseTable(bytes, 'variables.index'), /^RecserveError: variables\.index: /)
  })
}

test('a changed bit is seen wherever it is in a block', () => {
  const bytes = tableBytes(rows.slice(0, 3))
  const end = blockBytes(rows.slice(0, 3)).length + 5
  for (let at = 0; at < end; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 0x10
    assert.throws(() => parseTable(changed, 'variables.index'), /the checksum of the block at byte 0/)
  }
})

test('a small table cannot stand for endless keys', () => {
  // 1,000 rows that each repeat the 60,000 bytes of the key before them.
  const long = 'x'.repeat(60_000)
  const many = Array.from(
    { length: 1000 },
    (_, i) => [`${long}${String(i).padStart(5, '0')}`, value] as const,
  )
  const bytes = tableBytes(many, { restartEvery: 1000 })
  assert.ok(bytes.length < 200_000)
  assert.throws(() => parseTable(bytes, 'variables.index'), /keys are too long/)
})

test("keys of slices are in TensorFlow's ordered code", () => {
  const bytes = (key: string) => Buffer.from(key, 'latin1').toString('hex')
  // As tf1_partitioned/model/1/variables/variables.index has it: rows 6 to 11, all columns.
  assert.equal(
    bytes(toSliceKey('a', [{ start: 6, length: 6 }, { start: 0 }])),
    '00' + '610001' + '0102' + '8686' + '807f',
  )
  // tensorflow/core/lib/strings/ordered_code_test.cc.
  assert.equal(bytes(toSliceKey('\0é', [])), `00${'00ff'}${'c3a9'}0001${'00'}`)
  assert.equal(bytes(toSliceKey('', [{ start: 63, length: 64 }])), '000001' + '0101' + 'bf' + 'c040')
  assert.equal(bytes(toSliceKey('', [{ start: 8191, length: 8192 }])), '000001' + '0101' + 'dfff' + 'e02000')
})
