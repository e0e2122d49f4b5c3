import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { u64 } from '../../tests/pickle-file.js'
import { temporaryFolder } from '../../tests/temporary.js'
import { RecserveError } from '../core/errors.js'
import { readSafetensors } from './safetensors.js'

const path = join(temporaryFolder('safetensors'), 'model.safetensors')

/** The header's length, the header, the tensors' bytes. */
function file(header: unknown, bytes: Uint8Array = new Uint8Array(8)): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  return Buffer.concat([u64(text.length), text, bytes])
}

function read(bytes: Uint8Array) {
  writeFileSync(path, bytes)
  return readSafetensors(path)
}

const entry = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets })

test('reads tensors of every kind by name, and the metadata', async () => {
  const bytes = Buffer.concat([
    Buffer.from(Float32Array.of(1, 2).buffer),
    Buffer.from(BigInt64Array.of(-1n).buffer),
    Buffer.of(0, 0x3c, 0x80, 0x3f, 1),
  ])
  const { tensors, metadata, name } = await read(
    file(
      {
        __metadata__: { format: 'pt' },
        __proto__x: entry('F32', [2, 1], [0, 8]),
        long: entry('I64', [], [8, 16]),
        half: entry('F16', [1], [16, 18]),
        brain: entry('BF16', [1], [18, 20]),
        flag: entry('BOOL', [1], [20, 21]),
        empty: entry('F32', [0, 5], [21, 21]),
      },
      bytes,
    ),
  )
  assert.deepEqual([name, [...metadata]], ['model.safetensors', [['format', 'pt']]])
  const values: Record<string, unknown> = {}
  for (const [key, tensor] of tensors) values[key] = await tensor.read()
  assert.deepEqual(values, {
    __proto__x: { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1, 2) },
    long: { dtype: 'int64', shape: [], data: BigInt64Array.of(-1n) },
    half: { dtype: 'float16', shape: [1], data: Float32Array.of(1) },
    brain: { dtype: 'bfloat16', shape: [1], data: Float32Array.of(1) },
    flag: { dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
    empty: { dtype: 'float32', shape: [0, 5], data: new Float32Array() },
  })
})

for (const [what, bytes, code, message] of [
  ['a file without a header', Buffer.alloc(4), 'data_loss', /too few/],
  ['a header beyond the end', u64(2n ** 63n), 'data_loss', /a header of 9223372036854776000 bytes/],
  ['a header that is no JSON', file('{'), 'data_loss', /no JSON/],
  ['a header that is a list', file([]), 'data_loss', /no JSON object/],
  ['a tensor that is a number', file({ a: 1 }), 'data_loss', /"a" is not described/],
  ['a negative size', file({ a: entry('F32', [-1], [0, 4]) }), 'data_loss', /no shape/],
  ['a size that is no integer', file({ a: entry('F32', [1.5], [0, 6]) }), 'data_loss', /no shape/],
  ['an offset too few', file({ a: entry('F32', [1], [4]) }), 'data_loss', /no data_offsets/],
  [
    'fewer bytes than the shape needs',
    file({ a: entry('F32', [2], [0, 4]) }),
    'data_loss',
    /has 4 bytes; float32/,
  ],
  ['offsets that fall', file({ a: entry('F32', [1], [4, 0]) }), 'data_loss', /has -4 bytes/],
  [
    'a shape beyond all bounds',
    file({ a: entry('F32', [2 ** 40, 2 ** 40], [0, 4]) }),
    'data_loss',
    /has 4 bytes/,
  ],
  ['a tensor beyond the end', file({ a: entry('F32', [4], [0, 16]) }), 'data_loss', /beyond the file/],
  ['8-bit floats', file({ a: entry('F8_E4M3', [1], [0, 1]) }), 'failed_precondition', /F8_E4M3; F64/],
  [
    'a dtype of every object',
    file({ a: entry('constructor', [1], [0, 1]) }),
    'failed_precondition',
    /constructor/,
  ],
  ['metadata that is no text', file({ __metadata__: { a: 1 } }), 'data_loss', /not all text/],
] as const) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(
      read(bytes),
      (error) =>
        error instanceof RecserveError &&
        error.code === code &&
        message.test(error.message) &&
        error.message.startsWith('model.safetensors: '),
    )
  })
}
