import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixturesRoot, skipWithoutFixtures } from '../../../tests/project.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import { readRecBoleCheckpoint } from './checkpoint.js'
import { recogniseRecBole } from './model-directory.js'

const skip = skipWithoutFixtures()
const root = join(fixturesRoot, 'recbole')

/** A folder of copies, by the name they get. */
function folderOf(copies: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder('saved')
  for (const [name, from] of Object.entries(copies)) copyFileSync(join(root, from), join(folder, name))
  return folder
}

test('one checkpoint beside its data set file is a model', { skip }, async () => {
  const folder = folderOf({
    'SASRec-Nov-22-2026_13-23-35.pth': 'SASRec/checkpoint.pth',
    'mini-SequentialDataset.pth': 'dataset-files/mini-SequentialDataset-inter.pth',
  })
  const found = await recogniseRecBole(folder)
  assert.deepEqual(found, {
    kind: 'checkpoint',
    version: 1795353815,
    file: 'SASRec-Nov-22-2026_13-23-35.pth',
    className: 'SASRec',
  })
  const checkpoint = await readRecBoleCheckpoint(join(folder, 'SASRec-Nov-22-2026_13-23-35.pth'))
  assert.equal(checkpoint.provenance.ids, 'mini-SequentialDataset.pth')
  assert.equal(checkpoint.history?.values.length, 10_545)
})

test("RecBole's saved/ folder is several models and versions; the data set beside it gives all their ids", {
  skip,
}, async () => {
  const parent = temporaryFolder('recbole')
  mkdirSync(join(parent, 'saved'))
  mkdirSync(join(parent, 'dataset', 'mini'), { recursive: true })
  const saved = {
    'SASRec-Nov-22-2026_13-23-35.pth': 'SASRec',
    'SASRec-Nov-23-2026_13-23-35.pth': 'SASRec-swish',
    'BPR-Nov-22-2026_13-23-35.pth': 'BPR',
  }
  for (const [name, from] of Object.entries(saved))
    copyFileSync(join(root, from, 'checkpoint.pth'), join(parent, 'saved', name))
  for (const suffix of ['inter', 'item', 'user']) {
    copyFileSync(
      join(root, 'dataset', 'mini', `mini.${suffix}`),
      join(parent, 'dataset', 'mini', `mini.${suffix}`),
    )
  }
  writeFileSync(join(parent, 'saved', 'broken.pth'), Buffer.from('PK\x03\x04 nothing more'))
  writeFileSync(join(parent, 'saved', 'notes.pth'), 'no checkpoint')
  writeFileSync(join(parent, 'saved', 'mini-for-BPR-dataloader.pth'), Buffer.from([0x80, 4, 0x2e]))
  const found = await recogniseRecBole(join(parent, 'saved'))
  assert.deepEqual(found?.kind === 'saved' && found.versions.map(({ model, file }) => [model, file]), [
    ['bpr', 'BPR-Nov-22-2026_13-23-35.pth'],
    ['sasrec', 'SASRec-Nov-23-2026_13-23-35.pth'],
    ['sasrec', 'SASRec-Nov-22-2026_13-23-35.pth'],
  ])
  for (const name of Object.keys(saved)) {
    const { provenance, history } = await readRecBoleCheckpoint(join(parent, 'saved', name))
    assert.equal(provenance.ids, 'mini.inter', name)
    assert.equal(history?.values.length, 10_545)
  }
})

test('recserve.json beside a checkpoint may name the file of its tokens, or hold them', {
  skip,
}, async () => {
  const copies = {
    'model.pth': 'SASRec/checkpoint.pth',
    'ids.json': 'dataset-files/mini-SequentialDataset-inter.tokens.json',
  }
  const folder = folderOf(copies)
  writeFileSync(join(folder, 'recserve.json'), '{"tokens": "ids.json"}')
  const { ids, history, provenance } = await readRecBoleCheckpoint(join(folder, 'model.pth'))
  assert.equal(ids.items.idOf(1), 'i302')
  assert.equal(history, undefined)
  assert.equal(provenance.ids, 'ids.json')
  writeFileSync(join(folder, 'recserve.json'), '{"tokens": "../ids.json"}')
  await assert.rejects(readRecBoleCheckpoint(join(folder, 'model.pth')), {
    message: /expected the name of a file beside it/,
  })
  writeFileSync(join(folder, 'recserve.json'), '{"tokens": {"item_id": ["[PAD]", "a"]}}')
  await assert.rejects(readRecBoleCheckpoint(join(folder, 'model.pth')), {
    code: 'failed_precondition',
    message: /recserve\.json gives 2 item ids .*the model has 251/,
  })
})

test('a folder without checkpoints is none of RecBole, one with a broken one alone is refused', {
  skip,
}, async () => {
  assert.equal(await recogniseRecBole(temporaryFolder('nothing')), undefined)
  const dataset = folderOf({ 'mini.pth': 'dataset-files/mini-SequentialDataset-inter.pth' })
  assert.equal(await recogniseRecBole(dataset), undefined)
  const broken = temporaryFolder('broken')
  writeFileSync(join(broken, 'SASRec.pth'), Buffer.from('PK\x03\x04 nothing more'))
  await assert.rejects(recogniseRecBole(broken), { code: 'data_loss' })
})

test('a checkpoint alone says what would give its ids', { skip }, async () => {
  const folder = folderOf({ 'model.pth': 'SASRec/checkpoint.pth' })
  await assert.rejects(readRecBoleCheckpoint(join(folder, 'model.pth')), {
    code: 'not_found',
    message: /tokens\.json file, the data set file .*atomic files/,
  })
})
