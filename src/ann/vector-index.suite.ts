/** What every vector index promises. A kind's test calls this once per way it can search. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Matrix } from '../tensor/matrix.js'
import type { TopK } from '../tensor/top-k.js'
import type { SearchOptions, VectorIndex, VectorSource } from './vector-index.js'

export interface VectorIndexSuiteOptions {
  /** Builds the index under test over a source that keeps to the interface. */
  readonly build: (source: VectorSource) => Promise<VectorIndex>
  /** Share of the true best rows an answer holds at least, on average over queries; 1 for exact kinds. */
  readonly minRecall?: number
  /** How near a score is to the true one, relative to the largest. */
  readonly tolerance?: number
}

const none = new Int32Array(0)

export function vectorIndexSuite(name: string, options: VectorIndexSuiteOptions): void {
  describe(name, () => describeIndex(options))
}

function describeIndex(options: VectorIndexSuiteOptions): void {
  const tolerance = options.tolerance ?? 1e-5
  const random = createRandom(7)
  const source: VectorSource = {
    vectors: randomMatrix(2_000, 24, random),
    scale: Float32Array.from({ length: 2_000 }, () => 0.5 + random()),
  }
  const query = Float32Array.from({ length: 24 }, () => random() - 0.5)
  let index: VectorIndex

  const search = async (values: Float32Array, given: Partial<SearchOptions> = {}): Promise<TopK> =>
    index.search(values, { k: 10, excluded: none, ...given })

  before(async () => {
    index = await options.build(source)
  })
  after(() => index.close())

  test('tells its size', () => {
    assert.equal(index.count, 2_000)
    assert.equal(index.width, 24)
  })

  test('finds the best rows with their scores, best first', async () => {
    let found = 0
    for (let i = 0; i < 50; i++) {
      const values = Float32Array.from({ length: 24 }, () => random() - 0.5)
      const best = await search(values)
      assertScores(best, source, values, { tolerance })
      found += overlap(best.indices, bruteForce(source, values, { k: 10, excluded: none }))
    }
    assert.ok(found / 500 >= (options.minRecall ?? 1), `recall ${found / 500}`)
  })

  test('answers k rows though the best are excluded, none of them excluded', async () => {
    const excluded = bruteForce(source, query, { k: 50, excluded: none })
    const best = await search(query, { excluded })
    assert.equal(best.indices.length, 10)
    assert.equal(overlap(best.indices, excluded), 0)
    const right = overlap(best.indices, bruteForce(source, query, { k: 10, excluded }))
    assert.ok(right >= 10 * (options.minRecall ?? 1))
  })

  test('takes repeats, and rows that do not exist, among the excluded', async () => {
    const [first = 0, second = 0] = (await search(query)).indices
    const best = await search(query, { excluded: Int32Array.of(first, 5_000, first, second, -1, first) })
    assert.equal(overlap(best.indices, Int32Array.of(first, second)), 0)
    assert.equal(best.indices.length, 10)
  })

  test('answers nothing for k = 0 and when every row is excluded', async () => {
    assert.equal((await search(query, { k: 0 })).indices.length, 0)
    const best = await search(query, { excluded: Int32Array.from({ length: 2_000 }, (_, row) => row) })
    assert.deepEqual([best.indices.length, best.scores.length], [0, 0])
  })

  test('answers each row once at most when k is larger than the catalogue', async () => {
    const best = await search(query, { k: 3_000, excluded: Int32Array.of(3) })
    assert.equal(new Set(best.indices).size, best.indices.length)
    assert.ok(best.indices.length <= 1_999)
    assert.ok(best.indices.length >= 1_999 * (options.minRecall ?? 1))
  })

  test('multiplies by the scale when asked', async () => {
    const best = await search(query, { scaled: true })
    assertScores(best, source, query, { tolerance, scaled: true })
    const right = overlap(best.indices, bruteForce(source, query, { k: 10, excluded: none, scaled: true }))
    assert.ok(right >= 10 * (options.minRecall ?? 1))
  })

  test('many searches at once are answered as one by one', async () => {
    const asked = Array.from({ length: 200 }, (_, i) => ({
      values: Float32Array.from({ length: 24 }, () => random() - 0.5),
      given: {
        k: i % 17,
        scaled: i % 3 === 0,
        excluded: Int32Array.from({ length: i % 40 }, () => Math.floor(random() * 2_000)),
      },
    }))
    const together = await Promise.all(asked.map(({ values, given }) => search(values, given)))
    for (const [i, { values, given }] of asked.entries()) {
      const alone = await search(values, given)
      assertScores(together[i]!, source, values, { tolerance, scaled: given.scaled })
      // Another order of sums may turn round two rows that are as good as equal.
      assert.equal(together[i]!.indices.length, alone.indices.length)
      for (const [j, score] of alone.scores.entries()) assertNear(together[i]!.scores[j]!, score, tolerance)
    }
  })

  test('equal scores come in row order', async () => {
    const values = Float32Array.from({ length: 2_000 * 4 }, (_, i) => (Math.floor(i / 4) % 3 === 0 ? 2 : 1))
    const tied = await options.build({ vectors: { rows: 2_000, columns: 4, values } })
    const best = await tied.search(Float32Array.of(1, 1, 1, 1), { k: 5, excluded: Int32Array.of(3) })
    await tied.close()
    assert.deepEqual([...best.scores], [8, 8, 8, 8, 8])
    if ((options.minRecall ?? 1) === 1) assert.deepEqual([...best.indices], [0, 6, 9, 12, 15])
  })

  test('a row without a score is not answered', async () => {
    const vectors = randomMatrix(2_000, 4, random)
    vectors.values.fill(Number.NaN, 4, 8)
    const holed = await options.build({ vectors })
    const best = await holed.search(Float32Array.of(1, 1, 1, 1), { k: 2_000, excluded: none })
    await holed.close()
    assert.ok(!best.indices.includes(1))
    assert.ok(!best.scores.some(Number.isNaN))
  })

  test('a query of another width is refused', async () => {
    await assert.rejects(search(new Float32Array(23)), { code: 'invalid_argument', message: /23 values.*24/ })
  })

  test('a scaled search without scale factors is refused', async () => {
    const unscaled = await options.build({ vectors: source.vectors })
    await assert.rejects(async () => unscaled.search(query, { k: 1, excluded: none, scaled: true }), {
      code: 'failed_precondition',
    })
    await unscaled.close()
  })
}

function randomMatrix(rows: number, columns: number, random: () => number): Matrix {
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => random() - 0.5) }
}

/** Numbers from 0 up to 1, the same in every run (Numerical Recipes' generator). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function trueScore(
  { vectors, scale }: VectorSource,
  row: number,
  query: Float32Array,
  scaled: boolean,
): number {
  let sum = 0
  for (let i = 0; i < query.length; i++) sum += vectors.values[row * vectors.columns + i]! * query[i]!
  return scaled ? sum * scale![row]! : sum
}

function bruteForce(
  source: VectorSource,
  query: Float32Array,
  { k, excluded, scaled = false }: SearchOptions,
): Int32Array {
  const barred = new Set(excluded)
  const rows = Array.from({ length: source.vectors.rows }, (_, row) => row).filter((row) => !barred.has(row))
  const scores = new Map(rows.map((row) => [row, trueScore(source, row, query, scaled)]))
  rows.sort((a, b) => scores.get(b)! - scores.get(a)! || a - b)
  return Int32Array.from(rows.slice(0, k))
}

function overlap(a: Int32Array, b: Int32Array): number {
  const inB = new Set(b)
  return a.reduce((count, row) => count + (inB.has(row) ? 1 : 0), 0)
}

function assertScores(
  best: TopK,
  source: VectorSource,
  query: Float32Array,
  { tolerance, scaled = false }: { readonly tolerance: number; readonly scaled?: boolean },
): void {
  assert.equal(best.indices.length, best.scores.length)
  for (const [j, row] of best.indices.entries()) {
    assertNear(best.scores[j]!, trueScore(source, row, query, scaled), tolerance)
    assert.ok(j === 0 || best.scores[j - 1]! >= best.scores[j]!, 'scores do not fall')
  }
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual}, not ${expected}`,
  )
}
