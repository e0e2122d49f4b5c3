/** The index files faiss wrote for the recorded models answer what faiss answered. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exact } from '../../src/ann/exact.js'
import { faiss } from '../../src/ann/faiss.js'
import type { VectorIndex } from '../../src/ann/vector-index.js'
import { noEngine } from '../../src/engines/no-engine.js'
import { readFloatRows, readIdToIndex } from '../../src/formats/json-arrays.js'
import { type Matrix, row } from '../../src/tensor/matrix.js'
import type { TopK } from '../../src/tensor/top-k.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { exportedId, readJson } from './libreco-answers.js'

const skip = skipWithoutFixtures()
const none = new Int32Array(0)

interface RecordedSearch {
  readonly user: string | number
  readonly k: number
  /** -1 where faiss found no more. */
  readonly ids: readonly number[]
  readonly distances: readonly (number | null)[]
}

/** What `answers.json` says of faiss; the demo model's answers say nothing. */
interface Recorded {
  readonly faiss?: { readonly queries: readonly RecordedSearch[] }
}

interface Opened {
  readonly index: VectorIndex
  readonly users: Matrix
  readonly items: Matrix
  readonly rowOfUser: (id: string | number) => number
}

async function open(directory: string): Promise<Opened> {
  const rowsById = await readIdToIndex(join(directory, 'user2id.json'))
  const items = await readIdToIndex(join(directory, 'item2id.json'))
  const users = await readFloatRows(join(directory, 'user_embed.json'), { rows: rowsById.size })
  const vectors = await readFloatRows(join(directory, 'item_embed.json'), { rows: items.size })
  const file = join(directory, 'faiss_index.bin')
  const index = await faiss.build({ vectors, file }, { engine: noEngine })
  return { index, users, items: vectors, rowOfUser: (id) => rowsById.get(exportedId(id)) ?? -1 }
}

/** Scores within the fidelity contract's tolerance (DESIGN 4), faiss summing in single precision. */
function assertNear(actual: ArrayLike<number>, expected: readonly (number | null)[]): void {
  assert.equal(actual.length, expected.length)
  const largest = Math.max(1, ...expected.map((value) => Math.abs(value ?? 0)))
  for (const [i, value] of expected.entries()) {
    const tolerance = 1e-5 * Math.abs(value!) + 1e-6 * largest
    assert.ok(Math.abs(actual[i]! - value!) <= tolerance, `${actual[i]}, not ${value}`)
  }
}

function assertFalling(scores: TopK['scores']): void {
  assert.ok(scores.every((score, i) => i === 0 || scores[i - 1]! >= score))
}

for (const name of ['embed-als', 'embed-bpr']) {
  test(`${name}: what faiss found in the lists it looked into`, { skip }, async (t) => {
    const directory = join(fixturesRoot, 'libreco', name)
    const { index, users, rowOfUser } = await open(join(directory, 'model'))
    const { queries } = (readJson(join(directory, 'answers.json')) as Recorded).faiss!
    assert.ok(queries.length > 0)
    let padded = 0
    for (const { user, k, ids, distances } of queries) {
      const query = row(users, rowOfUser(user))
      const found = ids.filter((id) => id !== -1)
      const best = await index.search(query, { k: found.length, excluded: none })
      assert.deepEqual([...best.indices], found)
      assertNear(best.scores, distances.slice(0, found.length))
      if (found.length === k) continue
      // Where faiss pads with -1, further lists fill up; some of what they hold is better than what faiss found.
      padded++
      const more = await index.search(query, { k, excluded: none })
      assert.equal(more.indices.length, k)
      assertFalling(more.scores)
      const kept = found.filter((id) => more.indices.includes(id))
      assert.deepEqual(
        [...more.indices].filter((id) => found.includes(id)),
        kept,
      )
      assert.deepEqual(kept, found.slice(0, kept.length))
    }
    t.diagnostic(`${queries.length} searches, ${padded} of them padded by faiss`)
    await index.close()
  })
}

for (const directory of ['libreco/embed-als/model', 'libreco/embed-bpr/model', 'demo/books-als']) {
  test(`${directory}: all items are found, each with its score`, { skip }, async () => {
    const path = join(fixturesRoot, directory)
    assert.ok(existsSync(join(path, 'faiss_index.bin')))
    const { index, users, items } = await open(path)
    const exhaustive = await exact.build({ vectors: items }, { engine: noEngine })
    assert.deepEqual([index.kind, index.count, index.width], ['faiss', items.rows, items.columns])
    for (let user = 0; user < users.rows; user++) {
      const options = { k: items.rows, excluded: none }
      const best = await index.search(row(users, user), options)
      assert.deepEqual(best, await exhaustive.search(row(users, user), options))
    }
  })
}
