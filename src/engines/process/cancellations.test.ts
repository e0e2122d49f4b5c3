import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { createCancellations } from './cancellations.js'

function channel() {
  const { port1, port2 } = new MessageChannel()
  const told = new Int32Array(new SharedArrayBuffer(4))
  const tell = (...ids: readonly number[]) => {
    for (const id of ids) {
      port2.postMessage(id)
      Atomics.add(told, 0, 1)
    }
  }
  return { cancellations: createCancellations(told, port1), tell, close: () => port1.close() }
}

describe('cancellations', () => {
  test('are seen without a turn of the event loop', () => {
    const { cancellations, tell, close } = channel()
    assert.equal(cancellations.has(1), false)
    tell(1)
    assert.equal(cancellations.has(1), true)
    close()
  })

  test('reach every request they name, however many, and no other', () => {
    const { cancellations, tell, close } = channel()
    const odd = Array.from({ length: 10_000 }, (_, i) => 2 * i + 1)
    tell(...[...odd].reverse())
    const found = Array.from({ length: 20_001 }, (_, id) => id).filter((id) => cancellations.has(id))
    assert.deepEqual(found, odd)
    close()
  })

  test('that come too late hit no later request', () => {
    const { cancellations, tell, close } = channel()
    tell(5)
    assert.deepEqual(
      [6, 7].map((id) => cancellations.has(id)),
      [false, false],
    )
    tell(6, 8)
    assert.deepEqual(
      [7, 8, 8, 9].map((id) => cancellations.has(id)),
      [false, true, true, false],
    )
    close()
  })
})
