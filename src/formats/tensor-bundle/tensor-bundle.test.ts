import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fixturesRoot, skipWithoutFixtures } from '../../../tests/project.js'
import {
  type EntryFields,
  entryBytes,
  headerBytes,
  stringTensorBytes,
  tableBytes,
} from '../../../tests/tensor-bundle-file.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { stringAt } from '../../tensor/strings.js'
import type { TensorProto } from '../tensorflow/graph.js'
import { readSavedModel } from '../tensorflow/saved-model.js'
import { toTensor } from '../tensorflow/tensor-proto.js'
import { crc32c, maskCrc } from './crc32c.js'
import { toSliceKey } from './ordered-code.js'
import { openTensorBundle, type TensorBundle } from './tensor-bundle.js'

const float = 1
const floats = Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i).buffer)
const crcOf = (from: number, to: number) => maskCrc(crc32c(floats.subarray(from, to)))

interface BundleBytes {
  readonly header?: Uint8Array
  readonly rows: readonly (readonly [string, EntryFields])[]
  readonly shards?: readonly Buffer[]
}

function writeBundle(
  t: TestContext,
  { header = headerBytes(), rows, shards = [floats] }: BundleBytes,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'recserve-bundle-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const prefix = join(directory, 'variables')
  const entries = rows.map(([key, entry]) => [key, entryBytes(entry)] as const)
  writeFileSync(`${prefix}.index`, tableBytes([['', header], ...entries]))
  for (const [i, shard] of shards.entries()) {
    const digits = (value: number) => String(value).padStart(5, '0')
    writeFileSync(`${prefix}.data-${digits(i)}-of-${digits(shards.length)}`, shard)
  }
  return prefix
}

const open = (t: TestContext, bytes: BundleBytes) =>
  openTensorBundle(writeBundle(t, bytes), { checksums: true })
const valuesOf = ({ data }: AnyTensor): (string | number | bigint)[] =>
  'offsets' in data
    ? Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString())
    : Array.from<number | bigint>(data)

test('reads tensors from the shard they lie in', async (t) => {
  const bundle = await open(t, {
    header: headerBytes(2),
    rows: [
      ['a', { dtype: float, shape: [2, 3], offset: 4, size: 24, crc: crcOf(4, 28) }],
      ['b', { dtype: float, shape: [], shard: 1, offset: 8, size: 4, crc: crcOf(8, 12) }],
      ['empty', { dtype: float, shape: [0, 3], crc: maskCrc(0) }],
    ],
    shards: [floats, floats],
  })
  assert.deepEqual(
    [...bundle.entries.values()].map(({ name, dtype, shape, isSliced }) => [name, dtype, shape, isSliced]),
    [
      ['a', 'float32', [2, 3], false],
      ['b', 'float32', [], false],
      ['empty', 'float32', [0, 3], false],
    ],
  )
  assert.deepEqual(valuesOf(bundle.read('a')), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(valuesOf(bundle.read('b')), [2])
  assert.deepEqual(bundle.read('empty').shape, [0, 3])
  assert.deepEqual(valuesOf(bundle.readSlice('a', '2 3 1,1:0,2')), [4, 5])
  assert.deepEqual(valuesOf(bundle.readSlice('a', '-:1,1')), [2, 5])
  assert.deepEqual(valuesOf(bundle.readSlice('a', '')), [1, 2, 3, 4, 5, 6])
  assert.throws(() => bundle.read('c'), {
    code: 'not_found',
    message: "variables.index: has no variable 'c'",
  })
  for (const spec of ['-', '-:2,2', '3 3 -:-', '-:1', '0,3:-', 'x', '2 3 ']) {
    assert.throws(() => bundle.readSlice('a', spec), { code: 'invalid_argument' }, spec)
  }
})

test('reads strings, and sees where they or their lengths are spoilt', async (t) => {
  const { bytes, crc } = stringTensorBytes(['', 'é', 'x'.repeat(200)])
  const rows = [['s', { dtype: 7, shape: [3], size: bytes.length, crc }]] as const
  assert.deepEqual(valuesOf((await open(t, { rows, shards: [bytes] })).read('s')), ['', 'é', 'x'.repeat(200)])
  for (let at = 0; at < bytes.length; at += 7) {
    const spoilt = Buffer.from(bytes)
    spoilt[at]! ^= 1
    const bundle = await open(t, { rows, shards: [spoilt] })
    assert.throws(() => bundle.read('s'), {
      code: 'data_loss',
      message: /variables\.data-00000-of-00001: .*'s'/,
    })
  }
})

/** Rows 0 and 1 of a table of 3 by 4, then the columns of row 2 in two pieces. */
const pieces = [
  [
    [0, 2],
    [0, -1],
  ],
  [
    [2, 1],
    [0, 3],
  ],
  [
    [2, 1],
    [3, 1],
  ],
] as const
const extentsOf = (piece: (typeof pieces)[number]) =>
  piece.map(([start, length]) => (length < 0 ? { start } : { start, length }))
const slicedRows = (
  lengths: readonly (readonly number[])[] = [
    [2, 4],
    [1, 3],
    [1, 1],
  ],
) =>
  [
    ...pieces.map((piece, i) => {
      const [rows, columns] = lengths[i] as [number, number]
      const offset = [0, 32, 44][i]!
      const size = 4 * rows * columns
      return [
        toSliceKey('t', extentsOf(piece)),
        { dtype: float, shape: [rows, columns], offset, size, crc: crcOf(offset, offset + size) },
      ] as const
    }),
    ['t', { dtype: float, shape: [3, 4], slices: pieces }],
  ] as const

test('puts partitioned variables together', async (t) => {
  const bundle = await open(t, { rows: slicedRows() })
  assert.deepEqual([...bundle.entries.keys()], ['t'])
  assert.deepEqual(valuesOf(bundle.read('t')), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  assert.deepEqual(valuesOf(bundle.readSlice('t', '3 4 1,2:2,2')), [6, 7, 10, 11])
})

const a = { dtype: float, shape: [2, 3], size: 24 }
const refusals: Readonly<Record<string, [BundleBytes, RegExp]>> = {
  'big-endian bytes': [{ header: headerBytes(1, 1), rows: [] }, /variables\.index: .*big-endian/],
  'no shards': [{ header: headerBytes(0), rows: [] }, /variables\.index: has 0 shards/],
  'a shard there is not': [{ rows: [['a', { ...a, shard: 1 }]] }, /variables\.index: names shard 1 of 1/],
  'a missing shard': [
    { header: headerBytes(2), rows: [['a', { ...a, shard: 1 }]] },
    /variables\.data-00001-of-00002: no such file/,
  ],
  'bytes behind the end': [
    { rows: [['a', { ...a, offset: 32 }]] },
    /variables\.data-00000-of-00001: is cut short/,
  ],
  'too few bytes for the shape': [
    { rows: [['a', { ...a, size: 20 }]] },
    /'a' has 20 bytes, but float32 of shape/,
  ],
  'a negative place': [{ rows: [['a', { ...a, offset: -1 }]] }, /'a' lies at byte -1/],
  'an unknown size': [{ rows: [['a', { ...a, shape: [-1] }]] }, /'a' has an unknown size/],
  'more elements than numbers count': [
    { rows: [['a', { ...a, shape: [2 ** 40, 2 ** 40, 0] }]] },
    /too many elements/,
  ],
  'a missing piece': [{ rows: slicedRows().slice(1) }, /a piece of 't' is missing/],
  'a piece of another shape': [
    {
      rows: slicedRows([
        [2, 4],
        [1, 2],
        [1, 1],
      ]),
    },
    /a piece of 't' is float32 of shape \[1,2\]/,
  ],
  'pieces that leave a hole': [
    { rows: [...slicedRows().slice(0, 3), ['t', { dtype: float, shape: [3, 4], slices: pieces.slice(1) }]] },
    /the pieces of 't' do not make up its shape/,
  ],
}
for (const [name, [bytes, message]] of Object.entries(refusals)) {
  test(`refuses ${name}`, async (t) => {
    await assert.rejects(open(t, bytes), message)
  })
}

test('compares checksums only when told to', async (t) => {
  const prefix = writeBundle(t, { rows: [['a', { ...a, crc: 1 }]] })
  const message = /variables\.data-00000-of-00001: the checksum of 'a' does not match/
  const checked = await openTensorBundle(prefix, { checksums: true })
  assert.throws(() => checked.read('a'), { code: 'data_loss', message })
  assert.deepEqual((await openTensorBundle(prefix, { checksums: false })).read('a').shape, [2, 3])
})

test('sees that a shard has changed', async (t) => {
  const prefix = writeBundle(t, { rows: [['a', a]] })
  const bundle = await openTensorBundle(prefix, { checksums: false })
  writeFileSync(`${prefix}.data-00000-of-00001`, Buffer.alloc(100))
  assert.throws(() => bundle.read('a'), { code: 'data_loss', message: /changed since/ })
})

test('tells where the arrays of numbers lie that are one in the file too', async (t) => {
  const bundle = await open(t, {
    rows: [
      ['bools', { dtype: 10, shape: [2], offset: 0, size: 2 }],
      ['floats', { dtype: float, shape: [2, 3], offset: 4, size: 24, crc: crcOf(4, 28) }],
      ['halves', { dtype: 19, shape: [2], offset: 0, size: 4 }],
      ['ints', { dtype: 9, shape: [], offset: 40, size: 8 }],
    ],
  })
  const { shard, ...place } = bundle.place('floats')!
  assert.deepEqual(place, { dtype: 'float32', shape: [2, 3], offset: 4, length: 24 })
  assert.deepEqual(shard.read(4, 24), new Uint8Array(floats.subarray(4, 28)))
  assert.deepEqual(bundle.place('ints')?.shape, [])
  assert.equal(bundle.place('bools'), undefined)
  assert.equal(bundle.place('halves'), undefined)
  assert.throws(() => bundle.place('nobody'), { code: 'not_found' })
  assert.equal((await open(t, { rows: slicedRows() })).place('t'), undefined)
})

const skip = skipWithoutFixtures()
const openFixture = (name: string): Promise<TensorBundle> =>
  openTensorBundle(join(fixturesRoot, 'tensorflow', name, 'model', '1', 'variables', 'variables'), {
    checksums: true,
  })

interface Answer {
  readonly data: readonly number[]
}

test('partitioned variables give the answers TensorFlow gave', { skip }, async () => {
  const bundle = await openFixture('tf1_partitioned')
  const table = valuesOf(bundle.read('tower/emb'))
  const weights = valuesOf(bundle.read('wide/w')) as number[]
  const path = join(fixturesRoot, 'tensorflow', 'tf1_partitioned', 'cases.json')
  const { cases } = JSON.parse(await readFile(path, 'utf8')) as {
    cases: { inputs: { ids: Answer }; outputs: Partial<Record<'div' | 'pooled' | 'scores', Answer>> }[]
  }
  for (const { inputs, outputs } of cases) {
    const { div, pooled, scores } = outputs
    if (div)
      assert.deepEqual(
        div.data.map(Math.fround),
        inputs.ids.data.flatMap((id) => table.slice(5 * id, 5 * id + 5)),
      )
    for (const [i, score] of scores?.data.entries() ?? []) {
      const row = pooled!.data.slice(5 * Math.floor(i / 7), 5 * Math.floor(i / 7) + 5)
      const sum = row.reduce((all, value, j) => all + value * weights[7 * j + (i % 7)]!, 0)
      assert.ok(Math.abs(sum - score) < 1e-5)
    }
  }
})

test('the slices a graph restores make up the variable', { skip }, async () => {
  const bundle = await openFixture('tf1_partitioned')
  const table = valuesOf(bundle.read('tower/emb'))
  const parts = ['0,6:0,5', '6,6:0,5', '12,6:0,5', '18,5:0,5'].map((slice) =>
    bundle.readSlice('tower/emb', `23 5 ${slice}`),
  )
  assert.deepEqual(
    parts.flatMap((part) => valuesOf(part)),
    table,
  )
})

test('variables are the constants that the graph initialises them with', { skip }, async () => {
  const bundle = await openFixture('rec_neumf_tf1')
  const model = await readSavedModel(join(fixturesRoot, 'tensorflow', 'rec_neumf_tf1', 'model', '1'))
  const nodes = new Map(model.metaGraphs[0]!.graph!.nodes.map((node) => [node.name, node]))
  assert.equal(bundle.entries.size, 10)
  for (const name of bundle.entries.keys()) {
    const proto = nodes.get(`${name}/initial_value`)?.attr.get('value')?.tensor as TensorProto
    assert.deepEqual(bundle.read(name), toTensor(proto, { name: 'saved_model.pb', what: name }))
  }
})
