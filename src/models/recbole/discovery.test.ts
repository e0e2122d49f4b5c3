import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../core/errors.js'
import { parseCheckpointName, toSavedVersions } from './discovery.js'

test("takes the version from the time in a checkpoint's name, as UTC", () => {
  assert.deepEqual(parseCheckpointName('SASRec-Nov-22-2026_13-23-35.pth'), {
    className: 'SASRec',
    version: Date.parse('2026-11-22T13:23:35Z') / 1000,
  })
  assert.equal(parseCheckpointName('My-Model-Feb-29-2024_00-00-00.pth')?.className, 'My-Model')
})

test('takes no version from a name of another form or a day that there is not', () => {
  for (const name of [
    'SASRec.pth',
    'S3Rec-mini-100.pth',
    'mini-SequentialDataset.pth',
    'SASRec-Nov-22-2026_13-23-35.pt',
    'SASRec-Nov-31-2026_13-23-35.pth',
    'SASRec-Xyz-22-2026_13-23-35.pth',
    'SASRec-Feb-29-2023_00-00-00.pth',
    'SASRec-Nov-22-2026_24-00-00.pth',
  ])
    assert.equal(parseCheckpointName(name), undefined, name)
})

const early = 'SASRec-Nov-22-2026_13-23-35.pth'
const late = 'SASRec-Dec-01-2026_00-00-00.pth'

test('checkpoints of one class and data set are versions of one model, newest first', () => {
  const identity = { className: 'SASRec', dataset: 'mini' }
  const bpr = { file: 'BPR-Nov-22-2026_13-23-35.pth', className: 'BPR', dataset: 'other' }
  assert.deepEqual(
    toSavedVersions([{ file: early, ...identity }, bpr, { file: late, ...identity }]).map(
      ({ model, file }) => [model, file],
    ),
    [
      ['bpr', bpr.file],
      ['sasrec', late],
      ['sasrec', early],
    ],
  )
})

test('checkpoints of one class and two data sets are two models', () => {
  const found = toSavedVersions([
    { file: early, className: 'SASRec', dataset: 'mini' },
    { file: late, className: 'SASRec', dataset: 'ml-100k' },
  ])
  assert.deepEqual(found.map(({ model }) => model).sort(), ['mini-sasrec', 'ml-100k-sasrec'])
})

test('a checkpoint without a time in its name is a model of its own', () => {
  const found = toSavedVersions([
    { file: 'best.pth', className: 'SASRec', dataset: 'mini' },
    { file: early, className: 'SASRec', dataset: 'mini' },
  ])
  assert.deepEqual(
    found.map(({ model, version }) => [model, version]),
    [
      ['best', 1],
      ['sasrec', 1795353815],
    ],
  )
})

test('a checkpoint whose name is of another class than its settings is a model of its own', () => {
  const renamed = 'BPR-Nov-22-2026_13-23-35.pth'
  const found = toSavedVersions([
    { file: early, className: 'SASRec', dataset: 'mini' },
    { file: renamed, className: 'SASRec', dataset: 'mini' },
  ])
  assert.deepEqual(
    found.map(({ model, file }) => [model, file]),
    [
      ['BPR-Nov-22-2026_13-23-35', renamed],
      ['sasrec', early],
    ],
  )
})

test('one that cannot be read is a version of the class in its name', () => {
  const problem = new RecserveError('data_loss', 'half written')
  const broken = { file: late, className: 'SASRec', dataset: undefined, problem }
  const found = toSavedVersions([{ file: early, className: 'SASRec', dataset: 'mini' }, broken])
  assert.deepEqual(
    found.map(({ model, file, isBroken }) => [model, file, isBroken]),
    [
      ['sasrec', late, true],
      ['sasrec', early, undefined],
    ],
  )
})

test('two files that would be one version are refused, with both names', () => {
  const clash = [
    { file: 'a b.pth', className: 'SASRec', dataset: 'mini' },
    { file: 'a-b.pth', className: 'SASRec', dataset: 'mini' },
  ]
  assert.throws(() => toSavedVersions(clash), {
    code: 'invalid_argument',
    message: /a b\.pth and a-b\.pth would both be version 1 of the model 'a-b'/,
  })
})

test('two data sets whose names become one are refused, with both files', () => {
  const clash = [
    { file: early, className: 'SASRec', dataset: 'a/b' },
    { file: late, className: 'SASRec', dataset: 'a-b' },
  ]
  assert.throws(() => toSavedVersions(clash), { message: /would both be the model 'a-b-sasrec'/ })
})

test('names of data sets and files become names that a URL can carry', () => {
  const found = toSavedVersions([
    { file: early, className: 'SASRec', dataset: '../../x' },
    { file: late, className: 'SASRec', dataset: 'my films' },
    { file: 'the best?.pth', className: 'SASRec', dataset: 'x' },
  ])
  assert.deepEqual(found.map(({ model }) => model).sort(), ['..-..-x-sasrec', 'my-films-sasrec', 'the-best-'])
})
