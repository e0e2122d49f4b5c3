import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { oneLargeAtATime } from './large-pickles.js'

test('has one large pickle parsed at a time, small ones meanwhile, and goes on after one that fails', async () => {
  let atWork = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++atWork)
    await setImmediate()
    atWork--
    return 'done'
  }
  const large = [1, 2, 3].map(() => oneLargeAtATime(2 ** 23, work))
  const failed = oneLargeAtATime(2 ** 23, async () => {
    throw new Error('damaged')
  })
  const after = oneLargeAtATime(2 ** 23, work)
  await assert.rejects(failed, /damaged/)
  assert.deepEqual(await Promise.all([...large, after]), ['done', 'done', 'done', 'done'])
  assert.equal(most, 1)
  await Promise.all([oneLargeAtATime(10, work), oneLargeAtATime(10, work)])
  assert.equal(most, 2)
})
