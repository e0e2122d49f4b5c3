import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Code, call, dict, global, object, type Pickled, pickle, tuple } from '../../../tests/pickle-file.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import { archive, legacyForm, storage, tensorOf, zipForm } from '../../../tests/torch-file.js'
import { RecserveError } from '../../core/errors.js'
import type { NumericType } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'
import { PickleObject, type PickleValue } from '../pickle/value.js'
import { readTorchCheckpoint, type TorchCheckpointOptions } from './checkpoint.js'
import { TorchTensor } from './torch-tensor.js'

const folder = temporaryFolder('torch')
const path = join(folder, 'model.pth')

function read(file: Uint8Array, options?: TorchCheckpointOptions) {
  writeFileSync(path, file)
  return readTorchCheckpoint(path, options)
}

function tensorAt(root: PickleValue, key: string): TorchTensor {
  const found = root instanceof Map ? root.get(key) : undefined
  assert.ok(found instanceof TorchTensor)
  return found
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
const floats = bytesOf(Float32Array.of(0, 1, 2, 3, 4, 5))
const six = storage({ key: '0', count: 6 })
const row = tensorOf({ storage: six, shape: [6], stride: [1] })
const bare = object('recbole.config.configurator.Config', { model: 'SASRec' })
const views = dict({
  whole: tensorOf({ storage: six, shape: [2, 3], stride: [3, 1] }),
  turned: tensorOf({ storage: six, shape: [3, 2], stride: [1, 3] }),
  part: tensorOf({ storage: six, offset: 1, shape: [2, 2], stride: [3, 1] }),
  spread: tensorOf({ storage: six, offset: 5, shape: [2, 2], stride: [0, 0] }),
  scalar: tensorOf({ storage: six, offset: 4, shape: [], stride: [] }),
  empty: tensorOf({ storage: six, shape: [0, 3], stride: [3, 1] }),
  config: bare,
})

for (const [form, file] of [
  ['zip', zipForm(views, { 0: floats })],
  ['legacy', legacyForm(views, { 0: [6, floats] })],
] as const) {
  test(`reads views of a storage, each by itself, in the ${form} form`, async () => {
    const { root, form: found, name } = await read(file)
    assert.deepEqual([found, name], [form, 'model.pth'])
    const values: Record<string, unknown> = {}
    for (const key of ['whole', 'turned', 'part', 'spread', 'scalar', 'empty']) {
      const { shape, data } = await tensorAt(root, key).read()
      values[key] = [shape, [...data]]
    }
    assert.deepEqual(values, {
      whole: [
        [2, 3],
        [0, 1, 2, 3, 4, 5],
      ],
      turned: [
        [3, 2],
        [0, 3, 1, 4, 2, 5],
      ],
      part: [
        [2, 2],
        [1, 2, 4, 5],
      ],
      spread: [
        [2, 2],
        [5, 5, 5, 5],
      ],
      scalar: [[], [4]],
      empty: [[0, 3], []],
    })
    assert.ok(root instanceof Map && root.get('config') instanceof PickleObject)
  })
}

test('reads every dtype, 16-bit floats as float32 values', async () => {
  const half = Uint8Array.of(0, 0x3c, 0, 0xc0)
  const cases: readonly (readonly [string, NumericType, Uint8Array, Tensor<NumericType>['data']])[] = [
    ['HalfStorage', 'float16', half, Float32Array.of(1, -2)],
    ['BFloat16Storage', 'bfloat16', Uint8Array.of(0x80, 0x3f, 0, 0xc0), Float32Array.of(1, -2)],
    ['DoubleStorage', 'float64', bytesOf(Float64Array.of(1, -2)), Float64Array.of(1, -2)],
    ['LongStorage', 'int64', bytesOf(BigInt64Array.of(1n, -2n)), BigInt64Array.of(1n, -2n)],
    ['IntStorage', 'int32', bytesOf(Int32Array.of(1, -2)), Int32Array.of(1, -2)],
    ['ShortStorage', 'int16', bytesOf(Int16Array.of(1, -2)), Int16Array.of(1, -2)],
    ['CharStorage', 'int8', bytesOf(Int8Array.of(1, -2)), Int8Array.of(1, -2)],
    ['ByteStorage', 'uint8', Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    ['BoolStorage', 'bool', Uint8Array.of(0, 1), Uint8Array.of(0, 1)],
    ['ComplexFloatStorage', 'complex64', bytesOf(Float32Array.of(1, 2, 3, 4)), Float32Array.of(1, 2, 3, 4)],
  ]
  for (const [type, dtype, bytes, data] of cases) {
    const its = tensorOf({ storage: storage({ type, key: '7', count: 2 }), shape: [2], stride: [1] })
    const { root } = await read(zipForm(dict({ x: its }), { 7: bytes }))
    assert.deepEqual(await tensorAt(root, 'x').read(), { dtype, shape: [2], data })
  }
})

test('reads storages without a dtype, parameters, subclasses, and the other order of bytes', async () => {
  const untyped = storage({ type: 'storage.UntypedStorage', key: '0', count: 4 })
  const v3 = (dtype: string) =>
    call('torch._utils._rebuild_tensor_v3', untyped, 0, tuple(2), tuple(1), false, null, global(dtype))
  const inner = tuple(untyped, 0, tuple(2), tuple(1), false, null, global('torch.uint16'))
  const root = dict({
    x: call('torch._utils._rebuild_parameter', v3('torch.uint16'), true, null),
    y: call(
      'torch._tensor._rebuild_from_type_v2',
      global('torch._utils._rebuild_tensor_v3'),
      global('a.B'),
      inner,
      null,
    ),
  })
  for (const [byteorder, bytes] of [
    ['little', Uint8Array.of(1, 0, 2, 0)],
    ['big', Uint8Array.of(0, 1, 0, 2)],
  ] as const) {
    const checkpoint = await read(zipForm(root, { 0: bytes }, { byteorder }))
    for (const key of ['x', 'y']) {
      const { dtype, data } = await tensorAt(checkpoint.root, key).read()
      assert.deepEqual([dtype, data], ['uint16', Uint16Array.of(1, 2)])
    }
  }
})

test('reads a plain pickle that has storages as files within it, and compressed archives', async () => {
  const file = legacyForm(six, { 0: [6, floats] })
  const raw = await read(
    pickle(
      dict({
        x: tensorOf({ storage: call('torch.storage._load_from_bytes', file), shape: [6], stride: [1] }),
      }),
    ),
  )
  assert.equal(raw.form, 'pickle')
  const packed = await read(
    archive([
      { name: 'm/data.pkl', bytes: pickle(dict({ x: row })), isDeflated: true },
      { name: 'm/data/0', bytes: floats, isDeflated: true },
    ]),
  )
  for (const { root } of [raw, packed]) {
    assert.deepEqual([...(await tensorAt(root, 'x').read()).data], [0, 1, 2, 3, 4, 5])
  }
})

test('finds the end of a long pickle of the older form', async () => {
  const long = 'x'.repeat(3 * 2 ** 20)
  const { root } = await read(legacyForm(dict({ long, x: row }), { 0: [6, floats] }))
  assert.equal((await tensorAt(root, 'x').read()).data[5], 5)
})

test('leaves quantised tensors, and the classes of saved modules, as records', async () => {
  const quantised = call(
    'torch._utils._rebuild_qtensor',
    storage({ type: 'QInt8Storage', key: '0', count: 2 }),
    0,
  )
  const module = new Code(tuple('module', global('a.Net'), 'net.py', 'import os').bytes, 'Q')
  const { root } = await read(legacyForm(dict({ q: quantised, m: module }), { 0: [2, Buffer.alloc(2)] }))
  assert.ok(root instanceof Map && root.get('q') instanceof PickleObject)
})

test('does not read storages that nobody asks for, and notices a file that has changed since', async () => {
  const { root } = await read(zipForm(dict({ x: row }), { 0: floats }))
  writeFileSync(path, Buffer.alloc(10))
  await assert.rejects(tensorAt(root, 'x').read(), { code: 'data_loss', message: /changed/ })
})

const zip = (root: Pickled, storages: Readonly<Record<string, Uint8Array>> = { 0: floats }) =>
  zipForm(dict({ x: root }), storages)
const view = (parts: Partial<Parameters<typeof tensorOf>[0]>) =>
  tensorOf({ storage: six, shape: [6], stride: [1], ...parts })

for (const [what, file, code, message] of [
  ['a view beyond its storage', zip(view({ shape: [7] })), 'data_loss', /beyond its storage of 6 elements/],
  [
    'a stride beyond all bounds',
    zip(view({ shape: [2], stride: [2 ** 53 - 1] })),
    'data_loss',
    /beyond its storage/,
  ],
  ['a negative stride', zip(view({ stride: [-1] })), 'data_loss', /not one of sizes/],
  ['a negative offset', zip(view({ offset: -1 })), 'data_loss', /not one of sizes/],
  ['a negative size', zip(view({ shape: [-6] })), 'data_loss', /not one of sizes/],
  ['fewer strides than sizes', zip(view({ shape: [2, 3] })), 'data_loss', /has 1 strides for 2 sizes/],
  ['a storage that is not there', zip(row, {}), 'data_loss', /has no data\/0/],
  [
    'a storage that is too short',
    zip(row, { 0: floats.subarray(4) }),
    'data_loss',
    /has 20 bytes in storage 0, where 24/,
  ],
  [
    'a storage of a negative count',
    zip(view({ storage: storage({ key: '0', count: -1 }) })),
    'data_loss',
    /-1 elements/,
  ],
  [
    'a storage of endless count',
    zip(view({ storage: storage({ key: '0', count: 2 ** 60 }) })),
    'data_loss',
    /elements/,
  ],
  [
    'a key that is a path',
    zip(view({ storage: storage({ key: '../0', count: 6 }) })),
    'data_loss',
    /without a key/,
  ],
  [
    'a file that is there twice',
    zipForm(row, { 0: floats }, { extra: [{ name: 'model/data/0', bytes: floats }] }),
    'data_loss',
    /twice/,
  ],
  [
    'a third order of bytes',
    zipForm(row, { 0: floats }, { byteorder: 'middle' }),
    'data_loss',
    /neither little nor big/,
  ],
  [
    'TorchScript',
    zipForm(row, {}, { extra: [{ name: 'model/constants.pkl', bytes: floats }] }),
    'failed_precondition',
    /TorchScript/,
  ],
  ['another archive', archive([{ name: 'a.txt', bytes: floats }]), 'failed_precondition', /without data.pkl/],
  ['a cut archive', zip(row).subarray(0, -10), 'data_loss', /no zip archive/],
  [
    'a pickle that unpacks to more than it says',
    archive([{ name: 'm/data.pkl', bytes: pickle('x'.repeat(1e6)), isDeflated: true, size: 10 }]),
    'data_loss',
    /more than they are said/,
  ],
  [
    'a pickle that is too large',
    archive([{ name: 'm/data.pkl', bytes: pickle('x'.repeat(1e6)), isDeflated: true }]),
    'failed_precondition',
    /more than the 100000 it may/,
  ],
  [
    'a cut file of the older form',
    legacyForm(row, { 0: [6, floats] }).subarray(0, -1),
    'data_loss',
    /ends within storage 0/,
  ],
  [
    'another count in the older form',
    legacyForm(row, { 0: [5, floats] }),
    'data_loss',
    /has 5 elements in storage 0, not 6/,
  ],
  ['storages that are not listed', legacyForm(row, {}), 'data_loss', /does not list its 1 storages/],
  ['a plain pickle with a persistent id', pickle(row), 'failed_precondition', /persistent id/],
  [
    'bytes within that are no file',
    pickle(call('torch.storage._load_from_bytes', floats)),
    'data_loss',
    /no PyTorch file/,
  ],
  [
    'files within files',
    pickle(
      call(
        'torch.storage._load_from_bytes',
        legacyForm(call('torch.storage._load_from_bytes', legacyForm(six, { 0: [6, floats] })), {}),
      ),
    ),
    'data_loss',
    /within each other/,
  ],
  ['an empty file', Buffer.of(), 'data_loss', /ends within|empty/],
] as const) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(
      read(file, { maxPickleBytes: 100_000 }),
      (error) =>
        error instanceof RecserveError &&
        error.code === code &&
        message.test(error.message) &&
        error.message.startsWith('model.pth: '),
    )
  })
}

test('reads a view that repeats its storage, but not without end', async () => {
  const spread = (count: number) => view({ shape: [count], stride: [0] })
  const { root } = await read(
    zipForm(dict({ small: spread(100_000), large: spread(2 ** 40) }), { 0: floats }),
  )
  assert.equal((await tensorAt(root, 'small').read()).data.length, 100_000)
  await assert.rejects(tensorAt(root, 'large').read(), { code: 'resource_exhausted' })
})

test('runs nothing: a call in a checkpoint is a record', async () => {
  const marker = join(folder, 'was-here')
  const { root } = await read(zip(call('os.system', `touch ${marker}`)))
  const found = root instanceof Map ? root.get('x') : undefined
  assert.ok(found instanceof PickleObject)
  assert.deepEqual([found.path, found.args], ['os.system', [`touch ${marker}`]])
  assert.ok(!existsSync(marker))
})

test('unpacks a deflated storage once for all tensors that view it', async () => {
  const bytes = Buffer.alloc(16 * 2 ** 20)
  bytes.writeFloatLE(1.5, 0)
  const stored = storage({ key: '0', count: bytes.length / 4 })
  const names = Array.from({ length: 200 }, (_, at) => `t${at}`)
  const tensors = names.map((name) => [name, tensorOf({ storage: stored, shape: [1], stride: [1] })] as const)
  const { root } = await read(
    archive([
      { name: 'm/data.pkl', bytes: pickle(dict(Object.fromEntries(tensors))), isDeflated: true },
      { name: 'm/data/0', bytes, isDeflated: true },
    ]),
  )
  const startedAt = performance.now()
  for (const name of names) assert.deepEqual([...(await tensorAt(root, name).read()).data], [1.5])
  assert.ok(performance.now() - startedAt < 5_000)
})

test('refuses archives that unpack to far more than they are', async () => {
  const bytes = Buffer.alloc(40 * 2 ** 20)
  const tensors = [0, 1].map((key) =>
    tensorOf({ storage: storage({ key: `${key}`, count: bytes.length / 4 }), shape: [1], stride: [1] }),
  )
  const file = archive([
    { name: 'm/data.pkl', bytes: pickle(dict({ x: tensors[0]!, y: tensors[1]! })) },
    { name: 'm/data/0', bytes, isDeflated: true },
    { name: 'm/data/1', bytes, isDeflated: true },
  ])
  await assert.rejects(read(file), {
    code: 'resource_exhausted',
    message: /data\/1; torch\.save does not deflate/,
  })
})

for (const form of ['zip', 'legacy', 'pickle'] as const) {
  test(`refuses a file of millions of empty dicts in the ${form} form, and lets other work go on meanwhile`, async () => {
    const bomb = new Code(Buffer.concat([Buffer.from('('), Buffer.alloc(2 ** 22, '}'), Buffer.from('l')]))
    const file = { zip: zipForm, legacy: legacyForm, pickle }[form](bomb, {} as never)
    let longestMs = 0
    let restedAt = performance.now()
    const ticks = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - restedAt)
      restedAt = performance.now()
    }, 1)
    await assert.rejects(read(file), { code: 'resource_exhausted', message: /bytes of objects it may/ })
    clearInterval(ticks)
    assert.ok(longestMs < 2_000, `${longestMs} ms without a turn`)
  })
}
