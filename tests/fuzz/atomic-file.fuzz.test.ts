import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readAtomicFile } from '../../src/models/recbole/atomic-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const seedFile = Buffer.from(
  'user_id:token\titem_id:token\ttags:token_seq\ttime:float\nu1\t"i ""1"""\ta b\t1.5e3\nu2\tNA\t\t-2\r\n\n"u\n3"\ti2\tb\tnan\n',
)

test(`readAtomicFile answers or refuses whatever it is given (${fuzzIterations} files)`, async (t: TestContext) => {
  const { answered, refused } = await fuzzReader({
    name: 'readAtomicFile',
    basename: 'some.inter',
    seedFile,
    read: (path: string) =>
      readAtomicFile(path, {
        separator: '\t',
        sequenceSeparator: ' ',
        encoding: 'utf-8',
        selects: () => true,
      }),
    iterations: fuzzIterations,
    seed: 1,
  })
  t.diagnostic(`${answered} answered, ${refused} refused`)
  if (fuzzIterations >= 500)
    assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
})
