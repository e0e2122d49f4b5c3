import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { npzFile } from '../../tests/npz-file.js'
import { RecserveError } from '../core/errors.js'
import { stringAt } from '../tensor/strings.js'
import { parseNpy } from './npy.js'
import { readNpz } from './npz.js'

const fields = "'descr': '<i2', 'fortran_order': False, 'shape': (2, 3)"

function npy(header: string, data: Uint8Array = new Uint8Array(12), version = 1): Uint8Array {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  length.writeUInt16LE(header.length)
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]),
    length,
    Buffer.from(header),
    data,
  ])
}

test('reads what NumPy wrote: compressed, text, the other byte order, the other axis order', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-npz-'))
  try {
    const path = join(directory, 'a.npz')
    await writeFile(path, npzFile)
    const arrays = await readNpz(path, { maxBytes: 10_000 })
    assert.deepEqual([...arrays.keys()], ['ids', 'text', 'w', 'raw'])
    assert.deepEqual(arrays.get('ids'), { dtype: 'int32', shape: [1, 3], data: Int32Array.of(1, 2, 3) })
    assert.deepEqual(arrays.get('w'), {
      dtype: 'float32',
      shape: [2, 3],
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
    })
    for (const [name, expected] of [
      ['text', ['é', 'b']],
      ['raw', ['x', 'yz']],
    ] as const) {
      const array = arrays.get(name)!
      assert.ok(array.dtype === 'string')
      assert.deepEqual(
        expected.map((_, i) => Buffer.from(stringAt(array.data, i)).toString()),
        expected,
      )
    }
    await assert.rejects(readNpz(path, { maxBytes: 100 }), /a.npz: has 772 bytes, more than/)
  } finally {
    await rm(directory, { recursive: true })
  }
})

for (const version of [1, 2, 3]) {
  test(`reads a header of version ${version}`, () => {
    const array = parseNpy(npy(`{${fields}, }\n`, undefined, version), 'a.npy')
    assert.deepEqual(array, { dtype: 'int16', shape: [2, 3], data: new Int16Array(6) })
  })
}

test('reads keys in any order, double quotes, long integers of Python 2', () => {
  const array = parseNpy(
    npy('{"shape":(2L,3L),"fortran_order":False,"descr":">i2"}', Buffer.from([0, 1, ...Array(10).fill(0)])),
    'a',
  )
  assert.deepEqual(array.data, Int16Array.of(1, 0, 0, 0, 0, 0))
})

test('decodes float16, and any byte that is not 0 as true', () => {
  const half = parseNpy(
    npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", Buffer.from([0, 0x3c, 0, 0x7c])),
    'a',
  )
  assert.deepEqual(half, { dtype: 'float16', shape: [2], data: Float32Array.of(1, Infinity) })
  const bool = parseNpy(npy("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", Buffer.from([7])), 'a')
  assert.deepEqual(bool, { dtype: 'bool', shape: [], data: Uint8Array.of(1) })
})

for (const [what, bytes, code, message] of [
  ['no magic', Buffer.from('PK'), 'data_loss', /is no .npy file/],
  ['version 4', npy(`{${fields}}`, undefined, 4), 'data_loss', /version 4/],
  ['missing data', npy(`{${fields}}`, new Uint8Array(11)), 'data_loss', /has 11 bytes of data; .* needs 12/],
  ['data left over', npy(`{${fields}}`, new Uint8Array(13)), 'data_loss', /has 13 bytes/],
  [
    'code instead of a literal',
    npy(`{'descr': __import__('os'), 'shape': (1,)}`),
    'data_loss',
    /cannot be read, at its character 10/,
  ],
  ['a key too many', npy(`{${fields}, 'x': 1}`), 'data_loss', /keys/],
  ['a key twice', npy(`{${fields}, 'shape': (1,)}`), 'data_loss', /cannot be read/],
  ['text behind the header', npy(`{${fields}} 1`), 'data_loss', /cannot be read/],
  ['a negative size', npy(`{${fields.replace('3', '-3')}}`), 'data_loss', /cannot be read/],
  [
    'a size beyond all bounds',
    npy(`{${fields.replace('3', '9'.repeat(20))}}`),
    'data_loss',
    /not one of sizes/,
  ],
  [
    'a shape beyond all bounds',
    npy(`{${fields.replace('3', '4294967296, 4294967296')}}`),
    'data_loss',
    /needs/,
  ],
  [
    'endless empty strings',
    npy("{'descr': '|S0', 'fortran_order': False, 'shape': (4000000000,)}", new Uint8Array()),
    'data_loss',
    /needs 0/,
  ],
  ['objects', npy(`{${fields.replace('<i2', '|O')}}`), 'failed_precondition', /Python objects/],
  ['records', npy(`{${fields.replace("'<i2'", "[('a', '<i2')]")}}`), 'failed_precondition', /records/],
  ['dates', npy(`{${fields.replace('<i2', '<M8[s]')}}`), 'failed_precondition', /<M8\[s\]/],
  [
    'half a surrogate pair',
    npy("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", Buffer.from([0, 0xd8, 0, 0])),
    'data_loss',
    /Unicode/,
  ],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parseNpy(bytes, 'a.npy'),
      (error) =>
        error instanceof RecserveError &&
        error.code === code &&
        message.test(error.message) &&
        error.message.startsWith('a.npy: '),
    )
  })
}
