/** SavedModels and checkpoints whose bytes are spoilt. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { crc32c, maskCrc } from '../../src/formats/tensor-bundle/crc32c.js'
import { toSliceKey } from '../../src/formats/tensor-bundle/ordered-code.js'
import { openTensorBundle } from '../../src/formats/tensor-bundle/tensor-bundle.js'
import type { SavedModelProto } from '../../src/formats/tensorflow/graph.js'
import { readSavedModel } from '../../src/formats/tensorflow/saved-model.js'
import { toTensor } from '../../src/formats/tensorflow/tensor-proto.js'
import { modelBytes, modelText } from '../saved-model-file.js'
import { entryBytes, headerBytes, stringTensorBytes, tableBytes } from '../tensor-bundle-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

/** Reads a graph and makes a tensor of each constant. */
async function readModel(path: string): Promise<SavedModelProto> {
  const model = await readSavedModel(dirname(path))
  const nodes = model.metaGraphs.flatMap(({ graph }) => [
    ...(graph?.nodes ?? []),
    ...(graph?.library?.functions ?? []).flatMap((body) => body.nodes),
  ])
  const name = path.slice(dirname(path).length + 1)
  for (const { attr } of nodes) {
    const proto = attr.get('value')?.tensor
    if (proto) toTensor(proto, { name, what: 'a constant', maxBytes: 2 ** 22 })
  }
  return model
}

const floats = Buffer.from(Float32Array.from({ length: 8 }, (_, i) => i / 3).buffer)
const strings = stringTensorBytes(['a', '', 'three'])
const shard = Buffer.concat([floats, strings.bytes])
const piece = (rows: number, offset: number) => ({
  ...{ dtype: 1, shape: [rows, 2], offset, size: 8 * rows },
  crc: maskCrc(crc32c(floats.subarray(offset, offset + 8 * rows))),
})
const index = tableBytes([
  ['', headerBytes()],
  [toSliceKey('t', [{ start: 0, length: 3 }, { start: 0 }]), entryBytes(piece(3, 0))],
  [toSliceKey('t', [{ start: 3, length: 1 }, { start: 0 }]), entryBytes(piece(1, 24))],
  ['a/kernel', entryBytes(piece(4, 0))],
  ['a/names', entryBytes({ dtype: 7, shape: [3], offset: 32, size: strings.bytes.length, crc: strings.crc })],
  [
    't',
    entryBytes({
      dtype: 1,
      shape: [4, 2],
      slices: [
        [
          [0, 3],
          [0, -1],
        ],
        [
          [3, 1],
          [0, -1],
        ],
      ],
    }),
  ],
])

/** Puts the other, unspoilt file beside the spoilt one and reads every tensor. */
async function readBundle(path: string, checksums: boolean): Promise<void> {
  const prefix = join(dirname(path), 'variables')
  const [otherPath, other] = path.endsWith('.index')
    ? [`${prefix}.data-00000-of-00001`, shard]
    : [`${prefix}.index`, index]
  await writeFile(otherPath, other)
  const bundle = await openTensorBundle(prefix, { checksums })
  for (const name of bundle.entries.keys()) bundle.read(name)
}

/** As a spoilt index may name a shard that is not there: such an error names the shard. */
async function readIndex(path: string): Promise<void> {
  await readBundle(path, false).catch((error: unknown) => {
    if (!(error instanceof RecserveError) || !error.message.startsWith('variables.data-')) throw error
    throw new RecserveError(error.code, `variables.index: ${error.message}`)
  })
}

/** Mends the checksums of blocks, so that what is behind them is reached. */
async function readMendedIndex(path: string): Promise<void> {
  const bytes = await readFile(path)
  await writeFile(path, mended(bytes))
  await readIndex(path)
}

/** As far as the blocks lie where the unspoilt index has them. */
function mended(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (const [offset, size] of blocks) {
    if (offset + size + 5 > copy.length) continue
    copy.writeUInt32LE(maskCrc(crc32c(copy.subarray(offset, offset + size + 1))), offset + size + 1)
  }
  return copy
}

/** Data, meta index, index: offset and size, from the sizes that the footer names. */
const blocks = (() => {
  const varint = (at: number): [value: number, next: number] => {
    const low = index[at]!
    return low < 0x80 ? [low, at + 1] : [(low & 0x7f) + index[at + 1]! * 128, at + 2]
  }
  const [metaOffset, a] = varint(index.length - 48)
  const [metaSize, b] = varint(a)
  const [indexOffset, c] = varint(b)
  const [indexSize] = varint(c)
  return [
    [0, metaOffset - 5],
    [metaOffset, metaSize],
    [indexOffset, indexSize],
  ] as const
})()

const shardName = 'variables.data-00000-of-00001'
const readers: readonly [string, string, Uint8Array, (path: string) => Promise<unknown>][] = [
  ['saved_model.pb', 'saved_model.pb', modelBytes, readModel],
  ['saved_model.pbtxt', 'saved_model.pbtxt', Buffer.from(modelText), readModel],
  ['variables.index', 'variables.index', index, readIndex],
  ['variables.index with right checksums', 'variables.index', index, readMendedIndex],
  ['a shard', shardName, shard, (path) => readBundle(path, false)],
  ['a shard with checksums', shardName, shard, (path) => readBundle(path, true)],
]

for (const [name, basename, seedFile, read] of readers) {
  test(`${name}: answers or refuses whatever it is given (${fuzzIterations} files)`, async (t: TestContext) => {
    const { answered, refused } = await fuzzReader({
      name,
      basename,
      seedFile,
      read,
      iterations: fuzzIterations,
      seed: 1,
    })
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500)
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
  })
}
