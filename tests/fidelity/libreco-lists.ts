/** Served lists beside LibRecommender's: equal, or different only where scores are. */
import assert from 'node:assert/strict'
import { exportedId } from './libreco-answers.js'

export interface ServedList {
  readonly items: readonly { readonly item: string; readonly score: number }[]
  readonly shortfall?: number
}

/**
 * The library's order among equal scores is not defined (argpartition): lists may differ among items whose scores are equal
 * within float noise.
 *
 * @param scores of the whole catalogue for the same request, by item id
 * @returns whether they differ so
 */
export function isEqualByTies(
  { items }: ServedList,
  expected: readonly (string | number)[],
  scores: ReadonlyMap<string, number>,
): boolean {
  const wanted = expected.map(exportedId)
  const got = items.map(({ item }) => item)
  assert.equal(new Set(got).size, got.length, 'no repeats')
  assert.equal(got.length, wanted.length)
  if (got.every((item, i) => item === wanted[i])) return false
  const largest = Math.max(1, ...[...scores.values()].map(Math.abs))
  for (const [i, item] of got.entries()) {
    const difference = Math.abs(scores.get(item)! - scores.get(wanted[i]!)!)
    assert.ok(difference <= 3e-6 * largest, `place ${i}: ${item}, the library has ${wanted[i]}`)
  }
  return true
}

export interface Left {
  readonly scores: ReadonlyMap<string, number>
  /** Item ids that must not be answered. */
  readonly had: ReadonlySet<string>
  readonly n: number
}

/** The answer is the best of what is left of the catalogue, all of it that was asked for, and says how much is missing. */
export function assertBestLeft({ items, shortfall = 0 }: ServedList, { scores, had, n }: Left): void {
  const left = [...scores].filter(([item]) => !had.has(item)).map(([, score]) => score)
  const best = left.sort((a, b) => b - a).slice(0, n)
  assert.deepEqual(
    items.map(({ score }) => score),
    best,
  )
  assert.ok(items.every(({ item }) => !had.has(item)))
  assert.equal(items.length + shortfall, n)
}
