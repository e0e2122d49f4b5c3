import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../core/errors.js'
import type { StageEvent } from '../core/stage-events.js'
import { type Closeable, createManager } from './manager.js'
import type { AspiredVersion } from './source.js'

interface Loaded extends Closeable {
  readonly name: string
}

const aspired = (model: string, version: number): AspiredVersion => ({
  servable: { model, version },
  directory: `/models/${model}/${version}`,
  kind: 'test',
})

/** A manager over a loader that fails for models named `bad`. */
function setUp() {
  const events: StageEvent[] = []
  const closed: string[] = []
  const gates = new Map<string, Promise<void>>()
  const manager = createManager<Loaded>({
    onEvent: (event) => void events.push(event),
    now: () => 0,
    loader: {
      async load({ servable }) {
        const name = `${servable.model}:${servable.version}`
        await gates.get(name)
        if (servable.model === 'bad') throw new RecserveError('data_loss', 'user_embed.json: broken')
        return { name, close: async () => void closed.push(name) }
      },
    },
  })
  return { manager, events, closed, gates }
}

test('a bad model does not hinder the others', async () => {
  const { manager } = setUp()
  await manager.apply([aspired('bad', 1), aspired('good', 1)])
  assert.equal(await manager.use({ model: 'good' }, ({ loaded }) => loaded.name), 'good:1')
  await assert.rejects(
    manager.use({ model: 'bad' }, () => 0),
    { code: 'unavailable', message: "model 'bad' failed to load" },
  )
  const states = manager
    .statuses()
    .map(({ servable, state, error }) => [servable.model, state, error?.message])
  assert.deepEqual(states, [
    ['bad', 'end', 'user_embed.json: broken'],
    ['good', 'available', undefined],
  ])
})

test('lends the newest version, or the one that is named', async () => {
  const { manager } = setUp()
  await manager.apply([aspired('books', 3), aspired('books', 12), aspired('books', 5)])
  const name = (version?: number) =>
    manager.use({ model: 'books', ...(version !== undefined && { version }) }, ({ loaded }) => loaded.name)
  assert.equal(await name(), 'books:12')
  assert.equal(await name(3), 'books:3')
  await assert.rejects(name(7), {
    code: 'not_found',
    message: "model 'books' has no version 7 (ready: 12, 5, 3)",
  })
})

test('names some models when an unknown one is asked for', async () => {
  const { manager } = setUp()
  await assert.rejects(
    manager.use({ model: 'x' }, () => 0),
    { message: 'there is no such model (models: none)' },
  )
  await manager.apply(Array.from({ length: 12 }, (_, i) => aspired(`m${String(i).padStart(2, '0')}`, 1)))
  await assert.rejects(
    manager.use({ model: 'x' }, () => 0),
    { code: 'not_found', message: /m00, m01.* and 2 more/ },
  )
})

test('a model that is loading is unavailable, not unknown', async () => {
  const { manager, gates } = setUp()
  let open = () => {}
  gates.set('slow:1', new Promise((resolve) => (open = resolve)))
  const applied = manager.apply([aspired('slow', 1)])
  await assert.rejects(
    manager.use({ model: 'slow' }, () => 0),
    { code: 'unavailable', message: /still loading/ },
  )
  open()
  await applied
  assert.equal(await manager.use({ model: 'slow' }, () => 1), 1)
})

test('never unloads a version while it is lent', async () => {
  const { manager, closed } = setUp()
  await manager.apply([aspired('books', 1)])
  let finish = () => {}
  const lent = manager.use({ model: 'books' }, () => new Promise<void>((resolve) => (finish = resolve)))
  const applied = manager.apply([aspired('books', 2)])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(closed, [])
  assert.equal(await manager.use({ model: 'books' }, ({ loaded }) => loaded.name), 'books:2')
  finish()
  await Promise.all([lent, applied])
  assert.deepEqual(closed, ['books:1'])
})

test('takes back what it lent when the work throws', async () => {
  const { manager, closed } = setUp()
  await manager.apply([aspired('books', 1)])
  const failing = manager.use({ model: 'books' }, () => {
    throw new Error('boom')
  })
  await assert.rejects(failing, /boom/)
  await manager.close()
  assert.deepEqual(closed, ['books:1'])
})

test('tells every state a version goes through, and why it ended', async () => {
  const { manager, events } = setUp()
  await manager.apply([aspired('bad', 1)])
  await manager.apply([])
  const states = events.map((event) => event.type === 'servable_state' && [event.state, event.message])
  assert.deepEqual(states, [
    ['start', undefined],
    ['loading', undefined],
    ['end', 'user_embed.json: broken'],
    ['end', undefined],
  ])
  assert.deepEqual(manager.statuses(), [])
})
