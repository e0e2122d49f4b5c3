import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { flatIndex, type InvertedFile, idMap, invertedFile, matrix } from '../../tests/faiss-file.js'
import { noEngine } from '../engines/no-engine.js'
import type { Matrix } from '../tensor/matrix.js'
import { faiss } from './faiss.js'
import type { VectorIndex, VectorSource } from './vector-index.js'
import { vectorIndexSuite } from './vector-index.suite.js'

const directory = await mkdtemp(join(tmpdir(), 'recserve-faiss-'))
after(() => rm(directory, { recursive: true }))
let files = 0

async function build(source: VectorSource, bytes: Uint8Array): Promise<VectorIndex> {
  const file = join(directory, `faiss_index${++files}.bin`)
  await writeFile(file, bytes)
  return faiss.build({ ...source, file }, { engine: noEngine })
}

const none = new Int32Array(0)
const rowOf = ({ values, columns }: Matrix, row: number) => [
  ...values.subarray(row * columns, (row + 1) * columns),
]

/** Every `stride`-th row is a centroid; lists are in falling order of rows, so that order is no help with ties. */
function toLists(vectors: Matrix, stride: number, nprobe: number): InvertedFile {
  const chosen = Array.from({ length: vectors.rows / stride }, (_, list) => rowOf(vectors, list * stride))
  const members = chosen.map(() => ({ ids: [] as number[], values: [] as number[] }))
  for (let row = vectors.rows - 1; row >= 0; row--) {
    const vector = rowOf(vectors, row)
    const scores = chosen.map((centroid) => centroid.reduce((sum, x, i) => sum + x * vector[i]!, 0))
    const nearest = members[Math.max(0, scores.indexOf(Math.max(...scores)))]!
    nearest.ids.push(row)
    nearest.values.push(...vector)
  }
  const quantizer = { vectors: matrix(vectors.columns, ...chosen.flat()) }
  return { width: vectors.columns, nprobe, quantizer, members }
}

vectorIndexSuite('faiss, a flat index', {
  build: (source) => build(source, flatIndex({ vectors: source.vectors })),
})
vectorIndexSuite('faiss, all lists probed', {
  build: (source) => build(source, invertedFile(toLists(source.vectors, 100, 20))),
})
vectorIndexSuite('faiss, some lists probed', {
  build: (source) => build(source, invertedFile(toLists(source.vectors, 100, 10))),
  minRecall: 0.6,
})

describe('faiss, lists', () => {
  /** Four lists along one axis; ids and places differ. The nearest to `(x, 1)` by inner product is known by sight. */
  const vectors = matrix(2, 10, 0, 11, 0, -10, 0, -11, 0, 0, 10, 0, 11, 0, -10, 0, 9)
  const lists: InvertedFile = {
    width: 2,
    nprobe: 1,
    quantizer: { vectors: matrix(2, 1, 0, -1, 0, 0, 1, 0, -1) },
    members: [
      { ids: [1, 0], values: [11, 0, 10, 0] },
      { ids: [2, 3], values: [-10, 0, -11, 0] },
      { ids: [7, 5, 4], values: [0, 9, 0, 11, 0, 10] },
      { ids: [6], values: [0, -10] },
    ],
  }
  const search = async (given: Partial<InvertedFile>, k: number, excluded: Int32Array = none) => {
    const index = await build({ vectors }, invertedFile({ ...lists, ...given }))
    const { indices, scores } = await index.search(Float32Array.of(2, 1), { k, excluded })
    return { rows: [...indices], scores: [...scores] }
  }

  test('only the nearest list is looked into when it holds enough', async () => {
    assert.deepEqual(await search({}, 2), { rows: [1, 0], scores: [22, 20] })
    assert.deepEqual(await search({ nprobe: 2 }, 2), { rows: [1, 0], scores: [22, 20] })
  })

  test('further lists are looked into, nearest first, until enough are found', async () => {
    assert.deepEqual(await search({}, 3), { rows: [1, 0, 5], scores: [22, 20, 11] })
    assert.deepEqual((await search({}, 6)).rows, [1, 0, 5, 4, 7, 6])
    assert.deepEqual((await search({}, 99)).rows, [1, 0, 5, 4, 7, 6, 2, 3])
  })

  test('no further list is looked into once enough are found, be there better ones in it', async () => {
    const quantizer = { vectors: matrix(2, 1, 0, 0, 1, -1, 0, 0, -1) }
    assert.deepEqual(await search({ quantizer }, 3), { rows: [1, 0, 2], scores: [22, 20, -20] })
  })

  test('rows without a score do not count as found', async () => {
    const holed = matrix(1, 3, Number.NaN, 1)
    const members = [
      { ids: [1, 0], values: [Number.NaN, 3] },
      { ids: [2], values: [1] },
    ]
    const quantizer = { vectors: matrix(1, 2, 1) }
    const index = await build({ vectors: holed }, invertedFile({ width: 1, nprobe: 1, quantizer, members }))
    const best = await index.search(Float32Array.of(1), { k: 2, excluded: none })
    assert.deepEqual([...best.indices], [0, 2])
  })

  test('rows that are equally good come in row order, whatever the order of the lists', async () => {
    const tied = matrix(1, 1, 2, 2, 1, 2, 1)
    const members = [
      { ids: [4, 5, 3], values: [2, 1, 1] },
      { ids: [2, 0, 1], values: [2, 1, 2] },
    ]
    const quantizer = { vectors: matrix(1, 2, 1) }
    const index = await build({ vectors: tied }, invertedFile({ width: 1, nprobe: 2, quantizer, members }))
    const best = async (k: number) => [
      ...(await index.search(Float32Array.of(1), { k, excluded: none })).indices,
    ]
    assert.deepEqual(await best(2), [1, 2])
    assert.deepEqual(await best(5), [1, 2, 4, 0, 3])
    assert.deepEqual(await best(9), [1, 2, 4, 0, 3, 5])
  })

  test('excluded rows do not count as found', async () => {
    assert.deepEqual((await search({}, 2, Int32Array.of(1))).rows, [0, 5])
    assert.deepEqual((await search({}, 1, Int32Array.of(0, 1, 4, 5))).rows, [7])
    assert.deepEqual((await search({}, 9, Int32Array.of(0, 1, 2, 3, 4, 5, 7))).rows, [6])
  })

  test('the centroids’ own metric chooses the lists', async () => {
    // By distance, (2, 1) is nearest to (0, 1); by inner product (9, 0) would be.
    const centroids = matrix(2, 9, 0, -1, 0, 0, 1, 0, -1)
    const byDistance = { quantizer: { type: 'IxF2', metric: 1, vectors: centroids } }
    assert.deepEqual((await search({ quantizer: { vectors: centroids } }, 1)).rows, [1])
    assert.deepEqual((await search(byDistance, 1)).rows, [5])
  })

  test('lists whose centroid is no number are looked into last', async () => {
    const quantizer = { vectors: matrix(2, Number.NaN, 0, -1, 0, 0, 1, 0, -1) }
    assert.deepEqual((await search({ quantizer, nprobe: 4 }, 6)).rows, [5, 4, 7, 6, 2, 3])
    assert.equal((await search({ quantizer, nprobe: 1 }, 8)).rows.length, 8)
  })

  test('an index by distance answers negative squared distances', async () => {
    const quantizer = { ...lists.quantizer, type: 'IxF2', metric: 1 }
    const found = await search({ metric: 1, quantizer, nprobe: 2 }, 3)
    assert.deepEqual(found, { rows: [0, 7, 1], scores: [-65, -68, -82] })
    const flat = await build({ vectors }, flatIndex({ type: 'IxF2', metric: 1, vectors }))
    const best = await flat.search(Float32Array.of(2, 1), { k: 3, excluded: Int32Array.of(7) })
    assert.deepEqual([...best.indices, ...best.scores], [0, 1, 4, -65, -82, -85])
  })

  test('a scaled search is by inner product in every list, whatever the metric', async () => {
    const scale = Float32Array.of(1, 0, 1, 1, 3, 1, 1, 1)
    const index = await build({ vectors, scale }, invertedFile({ ...lists, metric: 1 }))
    const best = await index.search(Float32Array.of(2, 1), { k: 3, excluded: none, scaled: true })
    assert.deepEqual([...best.indices, ...best.scores], [4, 0, 5, 30, 20, 11])
  })

  test('an id map and sparse lists hold the same items', async () => {
    const ids = [7, 6, 5, 4, 3, 2, 1, 0]
    const turned = matrix(2, ...ids.flatMap((row) => rowOf(vectors, row)))
    const mapped = await build({ vectors }, idMap({ vectors: turned }, ids))
    const best = await mapped.search(Float32Array.of(2, 1), { k: 8, excluded: none })
    assert.deepEqual([...best.indices], (await search({ encoding: 'sprs' }, 8)).rows)
  })

  const rebuild = /: rebuild it with save_faiss_index$/
  const refused: readonly [string, Uint8Array, RegExp][] = [
    [
      'another count and width',
      flatIndex({ vectors: matrix(1, 1, 2, 3) }),
      /^faiss_index\d+\.bin holds 3 vectors of width 1, the model has 8 items of width 2: rebuild it/,
    ],
    ['a row there is not', idMap({ vectors }, [0, 1, 2, 8, 4, 5, 6, 7]), /row 8, the model has rows 0 to 7/],
    ['a row twice', idMap({ vectors }, [0, 1, 2, 3, 4, 5, 6, 1]), /two vectors for item row 1/],
    [
      'vectors of another training',
      flatIndex({ vectors: { ...vectors, values: vectors.values.map((x, i) => (i === 6 ? x + 0.01 : x)) } }),
      /another vector for item row 3 than the model/,
    ],
  ]
  for (const [name, bytes, message] of refused) {
    test(`refused: ${name}`, async () => {
      await assert.rejects(build({ vectors }, bytes), { code: 'failed_precondition', message })
      await assert.rejects(build({ vectors }, bytes), { message: rebuild })
    })
  }

  test('refused: a model without an index file', async () => {
    await assert.rejects(faiss.build({ vectors }, { engine: noEngine }), {
      code: 'failed_precondition',
      message: /no faiss_index\.bin beside the model: write one with save_faiss_index/,
    })
  })

  test('refused: a file far larger than an index of these vectors', async () => {
    await assert.rejects(build({ vectors }, new Uint8Array(2 ** 26 + 1)), {
      code: 'failed_precondition',
      message: /has 67108865 bytes, more than the 67108864 it may have/,
    })
  })

  test('building ends when its caller has left', async () => {
    const file = join(directory, 'faiss_index.bin')
    await writeFile(file, invertedFile(lists))
    const signal = AbortSignal.abort()
    await assert.rejects(faiss.build({ vectors, file }, { engine: noEngine, signal }), { code: 'cancelled' })
  })
})
