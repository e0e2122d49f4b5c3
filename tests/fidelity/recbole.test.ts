/** Every sequential model of RecBole in the fixtures, served by the built CLI and asked over HTTP, must answer as the library did. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { skipWithoutFixtures } from '../project.js'
import { type Comparison, compareRecBole } from './recbole-comparison.js'

const skip = skipWithoutFixtures()

describe("RecBole's models answer over HTTP as the library did", { skip }, () => {
  test('all scores and lists of all sequential fixtures', async (t) => {
    const comparisons: Comparison[] = []
    await compareRecBole((comparison) => comparisons.push(comparison))
    for (const { name, faults } of comparisons) {
      await t.test(name, () => assert.deepEqual(faults.slice(0, 5), [], `${faults.length} faults`))
    }
    const sum = (count: (comparison: Comparison) => number) =>
      comparisons.reduce((total, each) => total + count(each), 0)
    const classes = new Set(comparisons.map(({ className }) => className))
    console.log(
      `compared ${comparisons.length} models of ${classes.size} classes: ${sum(({ cases }) => cases)} cases, ${sum(({ scores }) => scores)} scores, largest error ${Math.max(...comparisons.map(({ largestError }) => largestError)).toExponential(1)}`,
    )
    assert.ok(comparisons.length >= 38, `only ${comparisons.length} models were found`)
  })
})
