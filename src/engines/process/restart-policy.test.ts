import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailing, recentDeaths, restartDelayMs } from './restart-policy.js'

const deaths = (count: number, atMs = 0): number[] => Array.from({ length: count }, (_, i) => atMs + i)

test('starts again at once after one death, then waits twice as long each time, five seconds at most', () => {
  const delays = Array.from({ length: 10 }, (_, count) => restartDelayMs(deaths(count), 100))
  assert.deepEqual(delays, [0, 0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
})

test('forgets deaths of more than half a minute ago', () => {
  assert.deepEqual(recentDeaths([1_000, 20_000, 40_000], 45_000), [20_000, 40_000])
  assert.equal(restartDelayMs(deaths(8), 31_000), 0)
})

test('calls five deaths in half a minute failing', () => {
  assert.equal(isFailing(deaths(4), 100), false)
  assert.equal(isFailing(deaths(5), 100), true)
  assert.equal(isFailing(deaths(5), 31_000), false)
})
