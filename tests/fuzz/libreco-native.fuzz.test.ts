/**
 * Natively saved folders with one file spoilt, or one array within an archive whose checksums are right again: each is
 * answered, or refused by the name of a file of the folder.
 */
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { unpackZip } from '../../src/formats/zip.js'
import { librecoNative } from '../../src/models/libreco-native.js'
import { loadRecommender } from '../load-tools.js'
import { writeNative, writeNativeWorld } from '../native-folder.js'
import { archive } from '../torch-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

interface Spoilt {
  /** What is spoilt, within the file or all of it. */
  readonly what: string
  readonly basename: string
  readonly seedFile: Uint8Array
  /** The file again, from what was spoilt. */
  readonly toFile: (spoilt: Uint8Array) => Uint8Array
}

const iterations = Math.ceil(fuzzIterations / 4)

for (const algorithm of ['ALS', 'ItemCF'] as const) {
  const whole = writeNativeWorld(algorithm)
  for (const spoilt of await partsOf(whole)) {
    test(`a native ${algorithm} with ${spoilt.what} spoilt (${iterations} files)`, async (t: TestContext) => {
      const { what: name, basename, seedFile } = spoilt
      const read = (path: string) => load(path, { spoilt, directory })
      const directory = writeNative({})
      for (const file of readdirSync(whole)) copyFileSync(join(whole, file), join(directory, file))
      const { answered, refused } = await fuzzReader({ name, basename, seedFile, read, iterations, seed: 1 })
      t.diagnostic(`${answered} answered, ${refused} refused`)
      if (fuzzIterations >= 500)
        assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
    })
  }
}

/** Every file of a folder, and every array that is read of its archives. */
async function partsOf(directory: string): Promise<readonly Spoilt[]> {
  const parts: Spoilt[] = []
  for (const basename of readdirSync(directory)) {
    const seedFile = readFileSync(join(directory, basename))
    parts.push({ what: basename, basename, seedFile, toFile: (bytes) => bytes })
    if (!basename.endsWith('.npz')) continue
    const arrays = await unpackZip(seedFile, basename, { maxBytes: 1e6 })
    for (const [name, bytes] of arrays) {
      // Nobody reads it.
      if (name === 'interaction_data.npy') continue
      const toFile = (changed: Uint8Array) =>
        archive([...arrays].map(([other, its]) => ({ name: other, bytes: other === name ? changed : its })))
      parts.push({ what: `${name} of ${basename}`, basename, seedFile: bytes, toFile })
    }
  }
  return parts
}

/** Loads the folder with the spoilt file in it, and asks once. */
async function load(
  path: string,
  { spoilt, directory }: { readonly spoilt: Spoilt; readonly directory: string },
): Promise<void> {
  const { basename, toFile } = spoilt
  writeFileSync(join(directory, basename), toFile(readFileSync(path)))
  try {
    await librecoNative.recognise(directory)
    const recommender = await loadRecommender(librecoNative, directory)
    const state = recommender.snapshot.read(recommender.users.idOf(0))
    const options = { n: 5, excluded: new Int32Array(0), candidates: undefined }
    const ranking = await recommender.rank({ user: 0, state, sequence: undefined }, options)
    assert.ok(ranking?.indices.every((item) => item < recommender.catalog.size))
  } catch (error) {
    if (!(error instanceof RecserveError)) throw error
    // What is wrong with a file may show where another is held against it.
    assert.match(error.message, /\bm[_.]\w+/, `names a file: ${error.message}`)
    throw new RecserveError(error.code, `${basename}: ${error.message}`)
  }
}
