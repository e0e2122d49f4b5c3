/** RecBole's checkpoints and data set files, spoilt: what is read of them, and the graph that is built from it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { encodeModel } from '../../src/formats/onnx/encode-model.js'
import { architectureOf } from '../../src/models/recbole/architecture-of.js'
import { readRecBoleCheckpoint } from '../../src/models/recbole/checkpoint.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { writeRecBoleWorld } from '../recbole-world.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const world = await writeRecBoleWorld()
const fixtures = join(fixturesRoot, 'recbole')

interface Model {
  readonly checkpoint: string
  readonly folder: string
  /** The file that is spoilt. */
  readonly spoilt: string
}

async function build({ checkpoint, folder, spoilt }: Model): Promise<void> {
  try {
    const read = await readRecBoleCheckpoint(checkpoint, { folders: [folder] })
    const { encoder } = architectureOf(read.className).build(read)
    encodeModel({ graph: encoder.graph() })
  } catch (error) {
    if (!(error instanceof RecserveError)) throw error
    // A folder's model is known by its name: its reasons speak of the checkpoint, its settings, its ids.
    throw new RecserveError(error.code, `${basename(spoilt)}: ${error.message}`)
  }
}

const core = join(world, 'CORE-Nov-25-2026_10-00-00.pth')
const atomic = join(world, 'dataset')
const sasRec = join(fixtures, 'SASRec', 'checkpoint.pth')
const tokens = join(fixtures, 'dataset-files', 'mini-SequentialDataset-inter.pth')

const cases = [
  {
    name: 'a checkpoint',
    file: basename(core),
    seedFile: () => readFileSync(core),
    read: (path: string) => build({ checkpoint: path, folder: atomic, spoilt: path }),
    skip: false,
  },
  {
    name: 'atomic files',
    file: 'world.inter',
    seedFile: () => readFileSync(join(atomic, 'world.inter')),
    read: (path: string) => build({ checkpoint: core, folder: dirname(path), spoilt: path }),
    skip: false,
  },
  {
    name: 'a data set file',
    file: 'mini-SequentialDataset.pth',
    seedFile: () => readFileSync(tokens),
    read: (path: string) => build({ checkpoint: sasRec, folder: dirname(path), spoilt: path }),
    skip: existsSync(tokens) ? false : skipWithoutFixtures(),
  },
]

for (const { name, file, seedFile, read, skip } of cases) {
  test(`RecBole, ${name}: a clear refusal or an answer, whatever the bytes`, { skip }, async () => {
    // A data set file takes some 20 ms to read.
    const iterations = file.endsWith('Dataset.pth') ? Math.ceil(fuzzIterations / 5) : fuzzIterations
    const options = { name, basename: file, seedFile: seedFile(), read, iterations, seed: 5 }
    const result = await fuzzReader(options)
    console.log(`${name}: ${result.answered} answered, ${result.refused} refused`)
    assert.ok(result.refused > 0)
  })
}
