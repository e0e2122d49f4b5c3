import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exclude, topK, topKOf } from './top-k.js'

/** Numbers from 0 up to 1, the same in every run (Numerical Recipes' generator). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** The definition, slowly: sort all rows that have a score. */
function naive(scores: ArrayLike<number>, k: number): number[] {
  const rows = Array.from({ length: scores.length }, (_, row) => row).filter(
    (row) => !Number.isNaN(scores[row]),
  )
  return rows.sort((a, b) => compare(scores[b]!, scores[a]!) || a - b).slice(0, Math.max(0, k))
}

// Not a difference: that of two infinities is NaN.
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0)

const random = createRandom(1)
const draws: Readonly<Record<string, () => number>> = {
  'all different': random,
  'many ties': () => Math.floor(random() * 5),
  'all equal': () => 1,
  'many without a score': () => (random() < 0.7 ? Number.NaN : Math.floor(random() * 9)),
  'infinities and both zeros': () => [-Infinity, Infinity, 0, -0, -1, Number.NaN][Math.floor(random() * 6)]!,
}

for (const [what, draw] of Object.entries(draws)) {
  test(`topK is what sorting gives: ${what}`, () => {
    for (const n of [0, 1, 7, 8, 9, 63, 200]) {
      const scores = Float32Array.from({ length: n }, draw)
      for (const k of [-1, 0, 1, 3, 8, 50, n, n + 5]) {
        const best = topK(scores, k)
        const expected = naive(scores, k)
        assert.deepEqual([...best.indices], expected)
        assert.deepEqual(
          [...best.scores],
          expected.map((row) => scores[row]),
        )
      }
    }
  })
}

test('topK finds rising scores, the worst case of its scan', () => {
  const scores = Float64Array.from({ length: 1_000 }, (_, i) => i)
  const best = topK(scores, 3)
  assert.deepEqual(
    [[...best.indices], [...best.scores]],
    [
      [999, 998, 997],
      [999, 998, 997],
    ],
  )
  assert.ok(best.scores instanceof Float64Array)
})

test('topK leaves the scores as they are', () => {
  const scores = Float32Array.of(3, 1, 2)
  topK(scores, 2)
  assert.deepEqual(scores, Float32Array.of(3, 1, 2))
})

test('exclude keeps rows from being chosen, whatever their order, and ignores rows that do not exist', () => {
  const scores = Float32Array.of(5, 4, 3, 2)
  exclude(scores, Int32Array.of(2, 0, 0, -1, 4, 2))
  assert.deepEqual([...topK(scores, 9).indices], [1, 3])
})

test('topKOf is topK among the given rows, in whatever order they are given', () => {
  for (let round = 0; round < 50; round++) {
    const rows = shuffled(Array.from({ length: 40 }, (_, i) => i * 3)).slice(0, 25)
    const scores = Float32Array.from(rows, () => (random() < 0.1 ? Number.NaN : Math.floor(random() * 6)))
    const byRow = new Map(rows.map((row, j) => [row, scores[j]!]))
    const expected = [...byRow.keys()]
      .filter((row) => !Number.isNaN(byRow.get(row)))
      .sort((a, b) => compare(byRow.get(b)!, byRow.get(a)!) || a - b)
      .slice(0, 7)
    for (const given of [rows, [...rows].sort((a, b) => a - b)]) {
      const best = topKOf(
        Int32Array.from(given),
        Float32Array.from(given, (row) => byRow.get(row)!),
        7,
      )
      assert.deepEqual([...best.indices], expected)
      assert.deepEqual(
        [...best.scores],
        expected.map((row) => byRow.get(row)),
      )
    }
  }
})

test('topKOf does not disturb what it is given', () => {
  const rows = Int32Array.of(9, 2, 5)
  const scores = Float32Array.of(1, 2, 3)
  topKOf(rows, scores, 2)
  assert.deepEqual([rows, scores], [Int32Array.of(9, 2, 5), Float32Array.of(1, 2, 3)])
})

function shuffled(values: number[]): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = values[i]!
    values[i] = values[j]!
    values[j] = kept
  }
  return values
}
