import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Strings, stringAt } from '../../tensor/strings.js'
import type { TensorProto } from './graph.js'
import { tensorType } from './graph-types.js'
import { createDraft } from './message-type.js'
import { toTensor } from './tensor-proto.js'

type Fields = Partial<TensorProto> & { readonly sizes?: readonly number[] }

function proto({ sizes = [], ...fields }: Fields): TensorProto {
  const shape = { dims: sizes.map((size) => ({ size })), unknownRank: false }
  return { ...(createDraft(tensorType) as unknown as TensorProto), shape, ...fields }
}

const options = { name: 'saved_model.pb', what: "the attribute 'value' of node 'a'" }
const read = (fields: Fields, maxBytes?: number) =>
  toTensor(proto(fields), { ...options, ...(maxBytes === undefined ? {} : { maxBytes }) })
const values = (fields: Fields) =>
  Array.from<number | bigint>(read(fields).data as Float32Array | BigInt64Array)
const texts = (data: Strings) =>
  Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString())

const typed: readonly [Fields, readonly (number | bigint)[]][] = [
  [{ dtype: 'float32', sizes: [4], floatVal: [1, 2.5] }, [1, 2.5, 2.5, 2.5]],
  [{ dtype: 'float32', sizes: [2], floatVal: [1, 2, 3] }, [1, 2]],
  [{ dtype: 'float32', sizes: [2, 2] }, [0, 0, 0, 0]],
  [{ dtype: 'float64', sizes: [2], doubleVal: [0.1] }, [0.1, 0.1]],
  [{ dtype: 'int8', sizes: [3], intVal: [-1, 127] }, [-1, 127, 127]],
  [{ dtype: 'uint8', sizes: [], intVal: [255] }, [255]],
  [{ dtype: 'int32', sizes: [0], intVal: [] }, []],
  [{ dtype: 'uint32', sizes: [1], uint32Val: [2 ** 32 - 1] }, [2 ** 32 - 1]],
  [{ dtype: 'int64', sizes: [3], int64Val: [-1, 2n ** 62n] }, [-1n, 2n ** 62n, 2n ** 62n]],
  [{ dtype: 'uint64', sizes: [1], uint64Val: [2n ** 64n - 1n] }, [2n ** 64n - 1n]],
  [{ dtype: 'bool', sizes: [3], boolVal: [true, false] }, [1, 0, 0]],
  [{ dtype: 'float16', sizes: [3], halfVal: [0x3c00, 0xc000] }, [1, -2, -2]],
  [{ dtype: 'bfloat16', sizes: [2], halfVal: [0x3f80, 0xc040] }, [1, -3]],
  [{ dtype: 'complex64', sizes: [3], scomplexVal: [1, 2, 3, 4, 5] }, [1, 2, 3, 4, 3, 4]],
  [{ dtype: 'complex128', sizes: [1], dcomplexVal: [1, -2] }, [1, -2]],
  [{ dtype: 'int16', sizes: [2], content: Uint8Array.of(1, 0, 0xff, 0xff) }, [1, -1]],
  [{ dtype: 'bfloat16', sizes: [1], content: Uint8Array.of(0x80, 0x3f) }, [1]],
  [{ dtype: 'bool', sizes: [3], content: Uint8Array.of(0, 1, 2) }, [0, 1, 1]],
  [{ dtype: 'complex64', sizes: [1], content: Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0x40) }, [1, 2]],
]
for (const [i, [fields, expected]] of typed.entries()) {
  test(`${fields.dtype} of shape [${fields.sizes}] (${i})`, () => {
    assert.deepEqual(values(fields), expected)
    assert.deepEqual([read(fields).dtype, read(fields).shape], [fields.dtype, fields.sizes])
  })
}

test('strings: any bytes, the last one repeated, or end to end', () => {
  const made = read({ dtype: 'string', sizes: [3], stringVal: [Buffer.from('a'), Buffer.from('é')] })
  assert.deepEqual(texts(made.data as Strings), ['a', 'é', 'é'])
  assert.deepEqual(texts(read({ dtype: 'string', sizes: [2] }).data as Strings), ['', ''])
  const content = Uint8Array.of(1, 0, 2, 0x61, 0x62, 0x63)
  assert.deepEqual(texts(read({ dtype: 'string', sizes: [3], content }).data as Strings), ['a', '', 'bc'])
  assert.throws(
    () => read({ dtype: 'string', sizes: [2], content }),
    /has strings of 1 bytes, but 4 are there/,
  )
  assert.throws(() => read({ dtype: 'string', sizes: [9], content }), /9 strings are in 6 bytes/)
})

test('a tensor keeps nothing of the file', () => {
  const file = new Uint8Array(64)
  const made = read({ dtype: 'float32', sizes: [2], content: file.subarray(3, 11) })
  file.fill(0xff)
  assert.deepEqual([...(made.data as Float32Array)], [0, 0])
})

const unknown = { dims: [], unknownRank: true }
const refused: readonly [Fields, string, RegExp][] = [
  [{ dtype: 'variant' }, 'unimplemented', /has the dtype variant/],
  [{ dtype: 'resource' }, 'unimplemented', /has the dtype resource/],
  [{ dtype: 'qint8' }, 'unimplemented', /has the dtype qint8/],
  [
    { dtype: 'float32', sizes: [2], content: new Uint8Array(7) },
    'data_loss',
    /has 7 bytes, but float32 of shape \[2\] has 8/,
  ],
  [{ dtype: 'float32', sizes: [-1] }, 'data_loss', /unknown size/],
  [{ dtype: 'float32', shape: unknown }, 'data_loss', /unknown rank/],
  [{ dtype: 'float32', sizes: [2 ** 30, 2 ** 30, 0] }, 'data_loss', /too many elements/],
  [{ dtype: 'float32', sizes: Array(300).fill(1) }, 'data_loss', /300 dimensions/],
  [{ dtype: 'float32', sizes: [2 ** 30], floatVal: [1] }, 'resource_exhausted', /takes 4294967296 bytes/],
  [
    { dtype: 'string', sizes: [2 ** 20], stringVal: [new Uint8Array(4096)] },
    'resource_exhausted',
    /takes \d+ bytes/,
  ],
]
for (const [fields, code, message] of refused) {
  test(`refuses ${message.source}`, () => {
    assert.throws(() => read(fields), { code, message })
    assert.throws(() => read(fields), /saved_model\.pb: the attribute 'value' of node 'a' /)
  })
}
