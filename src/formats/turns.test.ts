import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.js'

function work(ms: number): void {
  for (const begun = performance.now(); performance.now() - begun < ms; );
}

test('other work has its turn once a slice of time is used up, and not before', async () => {
  const turn = createTurns()
  let others = 0
  setImmediate(() => others++)
  await turn()
  assert.equal(others, 0)
  work(15)
  await turn()
  assert.equal(others, 1)
})

test('work ends when its caller has left', async () => {
  const turn = createTurns(AbortSignal.abort(new Error('gone')))
  work(15)
  await assert.rejects(turn(), { message: 'gone' })
})
