import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { dict, pickle } from '../../../tests/pickle-file.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import type { TorchCheckpoint } from '../../formats/torch/checkpoint.js'
import { useSharedPickle } from './shared-pickles.js'

const path = () => join(temporaryFolder('shared'), 'd-Dataset.pth')
const root = async (file: TorchCheckpoint) => file.root

test('parses a file once for those that use it together or one after another, and anew once it has changed', async () => {
  const file = path()
  writeFileSync(file, pickle(dict({ a: 1 })))
  const [one, two] = await Promise.all([1, 2].map(() => useSharedPickle(file, undefined, root)))
  assert.equal(one, two)
  assert.equal(await useSharedPickle(file, undefined, root), one)
  utimesSync(file, new Date(0), new Date(0))
  assert.notEqual(await useSharedPickle(file, undefined, root), one)
})

test('forgets a file that nobody has used for a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const file = path()
  writeFileSync(file, pickle(dict({ a: 1 })))
  const first = await useSharedPickle(file, undefined, root)
  await useSharedPickle(file, undefined, async (again) => {
    t.mock.timers.tick(60_000)
    assert.equal(again.root, first)
    assert.equal(await useSharedPickle(file, undefined, root), first)
  })
  t.mock.timers.tick(60_000)
  assert.notEqual(await useSharedPickle(file, undefined, root), first)
})

test('ends the use of who gives up, not that of the others', async () => {
  const file = path()
  writeFileSync(file, pickle(dict({ a: Array.from({ length: 100_000 }, () => null) })))
  const giving = new AbortController()
  const given = useSharedPickle(file, giving.signal, root)
  const kept = useSharedPickle(file, new AbortController().signal, root)
  setImmediate(() => giving.abort(new Error('enough')))
  const results = await Promise.allSettled([given, kept])
  assert.equal(results[1]!.status, 'fulfilled')
  await assert.rejects(useSharedPickle(file, AbortSignal.abort(new Error('before')), root), /before/)
})

test('tells what is wrong with a file to each, and with one that is not there', async () => {
  const file = path()
  writeFileSync(file, '\x80\x04}')
  for (let use = 0; use < 2; use++) {
    await assert.rejects(useSharedPickle(file, undefined, root), { code: 'data_loss' })
  }
  await assert.rejects(useSharedPickle(`${file}.gone`, undefined, root), { code: 'not_found' })
})
