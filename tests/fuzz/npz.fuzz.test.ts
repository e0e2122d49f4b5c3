import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readNpy, readNpz } from '../../src/formats/npz.js'
import { npzFile } from '../npz-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const maxBytes = 1_000_000
const header = "{'descr': '<U2', 'fortran_order': True, 'shape': (2, 3), }\n"
const npyFile = Buffer.concat([
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
  Buffer.from(header),
  Buffer.from(Uint32Array.from({ length: 12 }, (_, i) => (i % 5 === 0 ? 0 : 0x40 + i ** 4)).buffer),
])

const readers = [
  ['readNpz', 'inputs.npz', npzFile, (path: string) => readNpz(path, { maxBytes })],
  ['readNpy', 'inputs.npy', npyFile, (path: string) => readNpy(path, { maxBytes })],
] as const

for (const [name, basename, seedFile, read] of readers) {
  test(`${name} answers or refuses whatever it is given (${fuzzIterations} files)`, async (t: TestContext) => {
    const options = { name, basename, seedFile, read, iterations: fuzzIterations, seed: 1 }
    const { answered, refused } = await fuzzReader(options)
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500)
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
  })
}
