import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomContext } from '../../../../tests/recbole-context.js'
import { checkFrequencySettings, frequencyBand, lagCount } from './fearec-band.js'

function context(maxLength: number, settings: Readonly<Record<string, number | boolean>>) {
  const all = { n_layers: 2, global_ratio: 1, topk_factor: 1, dual_domain: false, ...settings }
  return randomContext({ settings: all, itemCount: 9, maxLength })
}

/** First frequency and the one after the last, by layer. */
function windows(maxLength: number, global_ratio: number, n_layers: number) {
  const model = context(maxLength, { global_ratio, n_layers })
  return Array.from({ length: n_layers }, (_, i) => {
    const band = frequencyBand(model, i)
    return [band[0], band.at(-1)! + 1]
  })
}

test('slides its window from high frequencies to low ones as RecBole does', () => {
  // Computed in Python with RecBole's expressions.
  assert.deepEqual(windows(50, 1, 2), [
    [0, 26],
    [0, 26],
  ])
  assert.deepEqual(windows(20, 0.6, 2), [
    [4, 11],
    [0, 7],
  ])
  assert.deepEqual(windows(21, 0.7, 3), [
    [3, 11],
    [2, 10],
    [1, 9],
  ])
  assert.deepEqual(windows(50, 0.4, 4), [
    [15, 26],
    [10, 21],
    [5, 16],
    [0, 11],
  ])
})

test('cuts the spectrum into equal parts where the ratio is smaller', () => {
  assert.deepEqual(windows(26, 0.2, 4), [
    [10, 14],
    [7, 10],
    [3, 7],
    [0, 3],
  ])
  assert.deepEqual(windows(50, 0.1, 3), [
    [17, 26],
    [8, 17],
    [0, 8],
  ])
})

test('refuses windows so narrow that lags are as good as each other', () => {
  // Of 5 frequencies the last of three layers sees the constant one only: all lags are alike.
  const narrow = context(9, { global_ratio: 0.1, n_layers: 3 })
  assert.deepEqual(frequencyBand(narrow, 1), [1, 2])
  assert.throws(() => frequencyBand(narrow, 2), /layer 2 the frequencies \[0\] alone/)
  const none = context(4, { global_ratio: 0.1, n_layers: 8 })
  assert.throws(() => frequencyBand(none, 1), /layer 1 the frequencies \[\] alone/)
})

test('adds up as many lags as the logarithm of the length says', () => {
  assert.equal(lagCount(context(50, {})), 3)
  assert.equal(lagCount(context(20, { topk_factor: 2 })), 5)
  assert.throws(() => lagCount(context(20, { topk_factor: 0.2 })), /asks for 0 lags; there are 1 to 20/)
  assert.throws(() => lagCount(context(20, { topk_factor: 9 })), /asks for 26 lags; there are 1 to 20/)
})

test('refuses what RecBole cannot run, naming the setting', () => {
  const refused: readonly [number, Readonly<Record<string, number | boolean>>, RegExp][] = [
    [20, { n_layers: 1 }, /n_layers is 1/],
    [21, { dual_domain: true }, /MAX_ITEM_LIST_LENGTH is 21 with dual_domain/],
    [20, { use_filter: true }, /use_filter/],
    [1, {}, /MAX_ITEM_LIST_LENGTH is 1/],
    [100_000, {}, /MAX_ITEM_LIST_LENGTH is 100000/],
  ]
  for (const [maxLength, settings, message] of refused) {
    assert.throws(() => checkFrequencySettings(context(maxLength, settings)), message)
  }
  assert.throws(() => frequencyBand(context(20, { global_ratio: 1.5 }), 0), /global_ratio 1.5/)
})
