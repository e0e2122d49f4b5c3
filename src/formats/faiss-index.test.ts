import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ascii,
  sampleFlat as flat,
  flatIndex,
  i32,
  idMap,
  invertedFile,
  sampleLists as lists,
  matrix,
  u8,
  u64,
} from '../../tests/faiss-file.js'
import { parseFaissIndex, readFaissIndex } from './faiss-index.js'

const parse = (bytes: Uint8Array) => parseFaissIndex(bytes, 'faiss_index.bin')

test('a flat index is read, its ids being its rows', async () => {
  for (const [type, metric, name] of [
    ['IxFI', 0, 'inner_product'],
    ['IxF2', 1, 'l2'],
    ['IxFl', 0, 'inner_product'],
    ['IxFl', 1, 'l2'],
  ] as const) {
    assert.deepEqual(await parse(flatIndex({ type, metric, ...flat })), {
      metric: name,
      vectors: flat.vectors,
      ids: Float64Array.of(0, 1, 2),
    })
  }
})

test('an id map gives a flat index other ids', async () => {
  for (const type of ['IxMp', 'IxM2']) {
    const index = await parse(idMap(flat, [7, 2 ** 40, 7], type))
    assert.deepEqual(index.ids, Float64Array.of(7, 2 ** 40, 7))
    assert.deepEqual(index.vectors, flat.vectors)
  }
})

test('inverted lists are read one after another', async () => {
  const expected = {
    metric: 'inner_product',
    vectors: flat.vectors,
    ids: Float64Array.of(3, 0, 1),
    lists: {
      nprobe: 2,
      centroids: lists.quantizer.vectors,
      metric: 'inner_product',
      offsets: Float64Array.of(0, 2, 2, 3),
    },
  }
  assert.deepEqual(await parse(invertedFile(lists)), expected)
  assert.deepEqual(await parse(invertedFile({ ...lists, encoding: 'sprs' })), expected)
})

test('centroids have a metric of their own', async () => {
  const quantizer = { ...lists.quantizer, type: 'IxF2', metric: 1 }
  const index = await parse(invertedFile({ ...lists, quantizer }))
  assert.deepEqual([index.metric, index.lists?.metric], ['inner_product', 'l2'])
})

test('nprobe is the number of lists at most', async () => {
  const index = await parse(invertedFile({ ...lists, nprobe: 2n ** 64n - 1n }))
  assert.equal(index.lists?.nprobe, 3)
})

test('maps from ids to places are passed over', async () => {
  const array = Buffer.concat([u8(1), u64(3, 5, 6, 7)])
  const table = Buffer.concat([u8(2), u64(1, 9), u64(2, 1, 2, 3, 4)])
  for (const directMap of [array, table]) {
    assert.equal((await parse(invertedFile({ ...lists, directMap }))).vectors.rows, 3)
  }
})

test('an index without vectors is read', async () => {
  const members = lists.members.map(() => ({ ids: [], values: [] }))
  const index = await parse(invertedFile({ ...lists, members, encoding: 'sprs' }))
  assert.equal(index.vectors.rows, 0)
  assert.equal((await parse(flatIndex({ vectors: matrix(2) }))).vectors.rows, 0)
})

test('every file cut short is refused, wherever it ends', async () => {
  const files = [
    flatIndex(flat),
    idMap(flat, [0, 1, 2]),
    invertedFile(lists),
    invertedFile({ ...lists, encoding: 'sprs', directMap: Buffer.concat([u8(2), u64(1, 9), u64(1, 1, 2)]) }),
  ]
  for (const file of files) {
    for (let end = 0; end < file.length; end++) {
      await assert.rejects(
        parse(file.subarray(0, end)),
        { code: 'data_loss', message: /^faiss_index\.bin: .*\(at byte \d+\)$/ },
        `cut at ${end}`,
      )
    }
  }
})

test('a read error names the file and not where it is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-faiss-'))
  const path = join(directory, 'faiss_index.bin')
  try {
    await assert.rejects(readFaissIndex(path, { maxBytes: 100 }), {
      code: 'not_found',
      message: 'faiss_index.bin: no such file',
    })
    await writeFile(path, Buffer.concat([ascii('IxFI'), i32(0)]))
    const options = { maxBytes: 100 }
    await assert.rejects(readFaissIndex(path, options), {
      code: 'data_loss',
      message: /^faiss_index\.bin: width 0/,
    })
    await writeFile(path, Buffer.alloc(101))
    await assert.rejects(readFaissIndex(path, options), {
      code: 'failed_precondition',
      message: 'faiss_index.bin: has 101 bytes, more than the 100 it may have',
    })
    await writeFile(path, flatIndex(flat))
    assert.deepEqual((await readFaissIndex(path, options)).vectors, flat.vectors)
    const signal = AbortSignal.abort()
    await assert.rejects(readFaissIndex(path, { ...options, signal }), { code: 'cancelled' })
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a file of many chunks is read whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-faiss-'))
  const path = join(directory, 'faiss_index.bin')
  try {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i)
    await writeFile(path, flatIndex({ vectors: { rows: 100_000, columns: 3, values } }))
    assert.deepEqual((await readFaissIndex(path, { maxBytes: 2 ** 24 })).vectors.values, values)
  } finally {
    await rm(directory, { recursive: true })
  }
})
