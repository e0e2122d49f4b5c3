/**
 * Every RecBole checkpoint of the fixtures must find the same ids, histories and item features wherever they are read from:
 * a tokens file, RecBole's data set file, the atomic files, the checkpoint itself, and what RecBole exports.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import type { Feature } from '../../src/models/recbole/architecture.js'
import { type RecBoleCheckpoint, readRecBoleCheckpoint } from '../../src/models/recbole/checkpoint.js'
import { readExportFolder } from '../../src/models/recbole/export-folder.js'
import { fixturesRoot, projectRoot, skipWithoutFixtures } from '../project.js'
import { temporaryFolder } from '../temporary.js'

const skip = skipWithoutFixtures()
const root = join(fixturesRoot, 'recbole')
const atomicFolder = join(root, 'dataset', 'mini')

interface Recorded {
  readonly name: string
  readonly type: string
  readonly n_users: number
  readonly n_items: number
  readonly tokens: string
  readonly dataset_file: string
}

type Tokens = Readonly<Record<string, readonly string[]>>

const readJson = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T
const names = skip ? [] : readdirSync(root).filter((name) => existsSync(join(root, name, 'answers.json')))
const tally = { checkpoints: 0, tokens: 0, 'dataset file': 0, 'atomic files': 0, checkpoint: 0 }
const folders = new Map<string, string>()

/** A folder with this one file. */
function alone(path: string): string {
  const known = folders.get(path)
  if (known !== undefined) return known
  const folder = temporaryFolder('ids')
  copyFileSync(path, join(folder, basename(path)))
  folders.set(path, folder)
  return folder
}

const read = (name: string, ...places: string[]): Promise<RecBoleCheckpoint> =>
  readRecBoleCheckpoint(join(root, name, 'checkpoint.pth'), { folders: places })

function assertIds(checkpoint: RecBoleCheckpoint, tokens: Tokens): void {
  const { users, items } = checkpoint.ids
  assert.equal(items.size, tokens.item_id!.length)
  for (const [id, token] of tokens.item_id!.entries()) assert.equal(items.idOf(id), token)
  assert.equal(items.indexOf('[PAD]'), -1)
  assert.equal(users?.size, tokens.user_id!.length)
  for (const [id, token] of tokens.user_id!.entries()) assert.equal(users?.idOf(id), token)
}

/** Of items and users; undefined where nothing tells them. */
function featuresOf(checkpoint: RecBoleCheckpoint): readonly (readonly Feature[])[] | undefined {
  try {
    return [checkpoint.itemFeatures(), checkpoint.userFeatures()]
  } catch (error) {
    assert.equal(RecserveError.from(error).code, 'failed_precondition')
    return undefined
  }
}

describe('RecBole checkpoints find the same ids everywhere', { skip }, () => {
  assert.ok(skip || names.length >= 100, `only ${names.length} checkpoints were found`)
  after(() => console.log(`ids compared: ${JSON.stringify(tally)}`))

  for (const name of names) {
    test(name, async () => {
      const recorded = readJson<Recorded>(join(root, name, 'answers.json'))
      const tokens = readJson<Tokens>(join(root, recorded.tokens))
      tally.checkpoints++

      const byTokens = await read(name, alone(join(root, recorded.tokens)))
      assertIds(byTokens, tokens)
      assert.equal(byTokens.itemCount, recorded.n_items)
      assert.equal(byTokens.userCount, recorded.n_users)
      tally.tokens++

      const byFile = await read(name, alone(join(root, recorded.dataset_file)))
      assertIds(byFile, tokens)
      assert.ok(byFile.history && byFile.history.values.length > 10_000)
      tally['dataset file']++

      const byAtomic = await read(name, atomicFolder)
      assertIds(byAtomic, tokens)
      assert.deepEqual(byAtomic.history, byFile.history)
      assert.deepEqual(featuresOf(byAtomic), featuresOf(byFile))
      assert.equal(featuresOf(byTokens) !== undefined, byTokens.provenance.history !== undefined)
      tally['atomic files']++

      if (!byTokens.provenance.history)
        return assert.rejects(read(name), { code: 'not_found', message: /does not hold the ids/ })
      const byItself = await read(name)
      assertIds(byItself, tokens)
      assert.deepEqual(featuresOf(byItself), featuresOf(byFile))
      assert.match(byItself.provenance.warnings.join(), /interactions of training only/)
      assertIsBeginning(byItself, byFile)
      tally.checkpoint++
    })
  }
})

/** What a checkpoint carries is each history without what was kept back: two items, or none of a user with one. */
function assertIsBeginning(shorter: RecBoleCheckpoint, longer: RecBoleCheckpoint): void {
  const [a, b] = [shorter.history!, longer.history!]
  for (let user = 1; user < longer.userCount; user++) {
    const part = a.values.subarray(a.offsets[user], a.offsets[user + 1])
    const whole = b.values.subarray(b.offsets[user], b.offsets[user + 1])
    assert.deepEqual(part, whole.subarray(0, -2), `user ${user}`)
  }
}

describe('ids of other data are refused', { skip }, () => {
  const interOnly = skip ? '' : join(root, 'dataset-files', 'mini-SequentialDataset-inter.tokens.json')

  for (const [name, message] of [
    ['S3Rec', /251 item ids.*the model has 261 \(item_embedding\.weight \[262, 32\]\)/],
    ['DeepFM', /gives 402 ids of user_id and item_id.*the model's 535 rows/],
  ] as const) {
    test(`${name}, trained with the item file, refuses the ids of .inter alone with both numbers`, async () => {
      await assert.rejects(read(name, alone(interOnly)), { code: 'failed_precondition', message })
    })
  }

  for (const [name, message] of [
    ['GRU4RecF', /251 item ids.*the model has 261/],
    ['DIN', /gives 251 ids of item_id.*the model's 313 rows/],
  ] as const) {
    test(`${name} passes over the ids of .inter alone, saying why, for those it carries itself`, async () => {
      const { provenance, itemCount } = await read(name, alone(interOnly))
      assert.equal(provenance.ids, 'checkpoint.pth')
      assert.equal(itemCount, 261)
      assert.match(provenance.warnings.join('\n'), message)
    })
  }

  test('a missing .item file is told by the count of items', async () => {
    const folder = alone(join(atomicFolder, 'mini.inter'))
    await assert.rejects(read('S3Rec', folder), { code: 'failed_precondition', message: /251 item ids.*261/ })
  })

  test('SASRec refuses the ids of a model with the item file', async () => {
    const folder = alone(join(root, 'dataset-files', 'mini-SequentialDataset-inter-item.tokens.json'))
    await assert.rejects(read('SASRec', folder), { message: /261 item ids.*the model has 251/ })
  })

  test('a second source under other ids gives no history', async () => {
    const folder = alone(join(root, 'dataset-files', 'mini-SequentialDataset-inter.tokens.json'))
    const other = temporaryFolder('other-ids')
    const lines = readFileSync(join(atomicFolder, 'mini.inter'), 'utf8').trimEnd().split('\n')
    writeFileSync(join(other, 'mini.inter'), [lines[0], ...lines.slice(1).reverse()].join('\n'))
    const checkpoint = await read('SASRec', folder, other)
    assert.equal(checkpoint.provenance.ids, 'mini-SequentialDataset-inter.tokens.json')
    assert.equal(checkpoint.history, undefined)
  })
})

test('KSR has its relations from the data set file and from the atomic files alike, and refuses without', {
  skip,
}, async () => {
  const recorded = readJson<Recorded>(join(root, 'KSR', 'answers.json'))
  const byAtomic = (await read('KSR', atomicFolder)).relationVectors()
  const byFile = (await read('KSR', alone(join(root, recorded.dataset_file)))).relationVectors()
  assert.deepEqual(byAtomic, byFile)
  assert.equal(byAtomic.rows, 13)
  assert.equal(
    byAtomic.values.subarray(0, byAtomic.columns).every((value) => value === 0),
    true,
  )
  const without = await read('KSR', alone(join(root, recorded.tokens)))
  assert.throws(() => without.relationVectors(), {
    code: 'failed_precondition',
    message: /atomic files with \.rel/,
  })
})

const python = process.env.RECSERVE_TEST_PYTHON
const skipExport = skip || (python ? false : 'RECSERVE_TEST_PYTHON names no Python that has RecBole')

describe('recserve_export.py writes what is found in the checkpoint and beside it', {
  skip: skipExport,
}, () => {
  for (const name of ['SASRec', 'GRU4RecF-mean-2fields', 'DIEN', 'KSR', 'LightGCN']) {
    test(name, async () => {
      const folder = join(temporaryFolder('export'), 'model')
      mkdirSync(folder)
      const script = join(projectRoot, 'tools', 'python', 'recserve_export.py')
      const { status, stderr } = spawnSync(python!, [script, join(name, 'checkpoint.pth'), folder], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      })
      assert.equal(status, 0, stderr)
      const exported = await readExportFolder(folder)
      const checkpoint = await read(name, atomicFolder)
      assert.equal(exported.className, checkpoint.className)
      assert.equal(exported.maxLength, checkpoint.maxLength)
      assert.deepEqual(exported.history, checkpoint.history)
      assert.deepEqual(featuresOf(exported), featuresOf(checkpoint))
      assert.deepEqual(exported.weights.names, checkpoint.weights.names)
      for (const tensor of checkpoint.weights.names) {
        if (checkpoint.weights.shapeOf(tensor)!.length > 0)
          assert.deepEqual(exported.weights.get(tensor), checkpoint.weights.get(tensor))
      }
      for (let id = 0; id < checkpoint.itemCount; id++)
        assert.equal(exported.ids.items.idOf(id), checkpoint.ids.items.idOf(id))
    })
  }
})
