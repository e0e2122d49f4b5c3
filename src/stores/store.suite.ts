/** What every store promises. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserSnapshot } from '../core/user.js'
import type { Store } from './store.js'

export function storeSuite(name: string, open: () => Promise<Store>): void {
  const snapshot = (items: readonly number[]): UserSnapshot => ({
    read: (user) => (user === 'ann' ? { consumed: Int32Array.from(items) } : undefined),
  })
  const first = { model: 'books', version: 1 }
  const second = { model: 'books', version: 2 }

  test(`${name}: answers what a version was attached with`, async () => {
    const store = await open()
    store.attach(first, snapshot([3, 1]))
    const state = await store.readUser(first, 'ann', ['consumed'])
    assert.deepEqual(state?.consumed, Int32Array.of(3, 1))
    assert.equal(await store.readUser(first, 'bob', ['consumed']), undefined)
    await store.close()
  })

  test(`${name}: keeps versions apart and forgets a detached one`, async () => {
    const store = await open()
    store.attach(first, snapshot([3]))
    store.attach(second, snapshot([4]))
    assert.deepEqual((await store.readUser(second, 'ann', ['consumed']))?.consumed, Int32Array.of(4))
    store.detach(second)
    assert.equal(await store.readUser(second, 'ann', ['consumed']), undefined)
    assert.deepEqual((await store.readUser(first, 'ann', ['consumed']))?.consumed, Int32Array.of(3))
    await store.close()
  })
}
