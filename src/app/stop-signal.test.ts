import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { createStopSignal } from './stop-signal.js'

function setUp() {
  const process = new EventEmitter()
  const clock = { nowMs: 5_000 }
  const raised: string[] = []
  const signal = createStopSignal({
    on: (name, listener) => process.on(name, listener),
    off: (name, listener) => process.off(name, listener),
    now: () => clock.nowMs,
    raise: (name) => raised.push(`${name}, ${process.listenerCount(name)} listeners`),
  })
  return { process, clock, raised, signal }
}

test('fires at the first signal', () => {
  const { process, signal, raised } = setUp()
  assert.equal(signal.aborted, false)
  process.emit('SIGTERM')
  assert.equal(signal.aborted, true)
  assert.deepEqual(raised, [])
})

test('takes a second signal at once for the same Ctrl-C, forwarded by npx', () => {
  const { process, clock, raised } = setUp()
  process.emit('SIGINT')
  clock.nowMs += 20
  process.emit('SIGINT')
  assert.deepEqual(raised, [])
})

test('lets a later one end the process', () => {
  const { process, clock, raised } = setUp()
  process.emit('SIGINT')
  clock.nowMs += 1_000
  process.emit('SIGTERM')
  assert.deepEqual(raised, ['SIGTERM, 0 listeners'])
})
