import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { RecserveError } from '../../src/core/errors.js'
import { type FuzzOptions, fuzzReader } from './fuzz.js'

const wellBehaved: FuzzOptions = {
  name: 'a reader',
  seedFile: Buffer.from('{"0":[1,2,3]}'),
  basename: 'some.json',
  iterations: 30,
  seed: 7,
  read: async (path) => {
    if ((await readFile(path)).length % 2) throw new RecserveError('data_loss', `${basename(path)}: is odd`)
  },
}
const kept: unknown[] = []

function spin(ms: number): void {
  for (const begun = performance.now(); performance.now() - begun < ms; );
}

test('a reader that keeps its promises passes', async () => {
  const { answered, refused } = await fuzzReader(wellBehaved)
  assert.equal(answered + refused, 30)
  assert.ok(answered > 0 && refused > 0)
})

const planted: readonly [string, Partial<FuzzOptions>, RegExp][] = [
  [
    'an error that is not ours',
    { read: async () => JSON.parse('{') },
    /^Error: a reader: seed 7, iteration 0: threw SyntaxError/,
  ],
  [
    'an error that does not name the file',
    { read: () => Promise.reject(new RecserveError('data_loss', 'is bad')) },
    /does not name some\.json/,
  ],
  [
    'an error that tells the path',
    { read: (path) => Promise.reject(new RecserveError('data_loss', `${path}: is bad`)) },
    /tells the directory/,
  ],
  ['a read without end', { limitMs: 20, read: () => new Promise(() => {}) }, /no end after 20 ms/],
  ['a read that is slow', { limitMs: 20, read: () => setTimeout(40) }, /no end after 20 ms/],
  ['a read that keeps others waiting', { limitMs: 20, read: async () => spin(40) }, /took \d+ ms/],
  [
    'a throw before any promise',
    {
      read: () => {
        throw new RangeError('out of memory')
      },
    },
    /threw RangeError/,
  ],
  ['a read that takes much memory', { read: async () => new Uint8Array(2 ** 27) }, /memory grew by/],
  ['memory left behind', { read: async () => kept.push(new Uint8Array(2 ** 22)) }, /are left after 30 reads/],
]
for (const [name, fault, message] of planted) {
  test(`the harness sees ${name}`, () => assert.rejects(fuzzReader({ ...wellBehaved, ...fault }), message))
}

test('an iteration is the same without those before it', async () => {
  const seen: string[] = []
  const read = async (path: string) => void seen.push(await readFile(path, 'latin1'))
  await fuzzReader({ ...wellBehaved, read })
  await fuzzReader({ ...wellBehaved, read, from: 29 })
  assert.equal(seen.length, 31)
  assert.equal(seen[30], seen[29])
})
