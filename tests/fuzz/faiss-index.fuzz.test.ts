import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readFaissIndex } from '../../src/formats/faiss-index.js'
import { flatIndex, idMap, invertedFile, sampleFlat, sampleLists, u8, u64 } from '../faiss-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const directMap = Buffer.concat([u8(2), u64(0), u64(1, 2, 3)])
const seedFiles: Readonly<Record<string, Buffer>> = {
  'a flat index': flatIndex(sampleFlat),
  'an id map': idMap(sampleFlat, [2, 0, 1]),
  'inverted lists': invertedFile(sampleLists),
  'inverted lists, most of them empty': invertedFile({ ...sampleLists, encoding: 'sprs', directMap }),
}

/** Reads, and makes sure that what comes out is whole: searches trust it. */
async function read(path: string): Promise<void> {
  const { vectors, ids, lists } = await readFaissIndex(path, { maxBytes: 2 ** 20 })
  assert.equal(vectors.values.length, vectors.rows * vectors.columns)
  assert.equal(ids.length, vectors.rows)
  assert.ok(ids.every((id) => Number.isSafeInteger(id) && id >= 0))
  if (!lists) return
  const { centroids, offsets, nprobe } = lists
  assert.equal(centroids.values.length, centroids.rows * vectors.columns)
  assert.equal(offsets.length, centroids.rows + 1)
  assert.ok(offsets.every((at, list) => (list === 0 ? at === 0 : at >= offsets[list - 1]!)))
  assert.equal(offsets.at(-1), vectors.rows)
  assert.ok(nprobe >= Math.min(1, centroids.rows) && nprobe <= centroids.rows)
}

for (const [name, seedFile] of Object.entries(seedFiles)) {
  test(`readFaissIndex answers or refuses ${name}, spoilt (${fuzzIterations} files)`, async (t: TestContext) => {
    const options = { name, basename: 'faiss_index.bin', seedFile, read, iterations: fuzzIterations, seed: 1 }
    const { answered, refused } = await fuzzReader(options)
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500) {
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
    }
  })
}
