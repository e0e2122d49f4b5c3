import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixturesRoot, skipWithoutFixtures } from '../../../tests/project.js'
import { sizeOf } from '../../tensor/tensor.js'
import { NumpyArray } from '../pickle/numpy-array.js'
import { toDataFrame } from '../pickle/pandas.js'
import { isSparse, toSparseMatrix } from '../pickle/scipy.js'
import { PickleObject, type PickleValue } from '../pickle/value.js'
import { readTorchCheckpoint } from './checkpoint.js'
import { TorchTensor } from './torch-tensor.js'

const skip = skipWithoutFixtures()
const folder = join(fixturesRoot, 'recbole')
const list = (directory: string) => (skip ? [] : readdirSync(directory))
const parseJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

function asMap(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> {
  assert.ok(value instanceof Map)
  return value
}

const models = list(folder).filter((name) => existsSync(join(folder, name, 'checkpoint.pth')))

test('reads the weights of every RecBole checkpoint', { skip }, async () => {
  assert.ok(models.length > 90)
  for (const model of models) {
    const { root, form } = await readTorchCheckpoint(join(folder, model, 'checkpoint.pth'))
    const weights = asMap(asMap(root).get('state_dict'))
    const expected: Record<string, readonly number[]> = parseJson(
      join(folder, model, 'answers.json'),
    ).state_dict
    assert.equal(form, 'zip')
    assert.deepEqual([...weights.keys()], Object.keys(expected), model)
    for (const [name, shape] of Object.entries(expected)) {
      const weight = weights.get(name)
      assert.ok(weight instanceof TorchTensor, `${model}: ${name}`)
      assert.deepEqual(weight.shape, shape, `${model}: ${name}`)
      const { data } = await weight.read()
      assert.equal(data.length, sizeOf(shape), `${model}: ${name}`)
      if (data instanceof Float32Array) assert.ok(data.every(Number.isFinite), `${model}: ${name}`)
    }
    const config = asMap(root).get('config')
    assert.ok(config instanceof PickleObject)
    assert.equal(config.path, 'recbole.config.configurator.Config')
    assert.equal(asMap(config.attributes?.get('final_config_dict')).get('model'), model.replace(/-.*/, ''))
  }
})

test('reads every sparse matrix in RecBole checkpoints', { skip }, async () => {
  let count = 0
  for (const model of models) {
    const { root } = await readTorchCheckpoint(join(folder, model, 'checkpoint.pth'))
    for (const value of asMap(asMap(root).get('other_parameter') ?? new Map()).values()) {
      if (!isSparse(value)) continue
      const { data, shape } = toSparseMatrix(value)
      assert.ok(data.data.length > 0 && sizeOf(shape) > 0, model)
      count++
    }
  }
  assert.ok(count >= 9, `${count}`)
})

const datasets = list(join(folder, 'dataset-files')).filter((name) => name.endsWith('.pth'))

for (const dataset of datasets) {
  test(`reads tokens and interactions of ${dataset}`, async () => {
    const { root } = await readTorchCheckpoint(join(folder, 'dataset-files', dataset))
    assert.ok(root instanceof PickleObject)
    const expected: Record<string, readonly string[]> = parseJson(
      join(folder, 'dataset-files', dataset.replace(/\.pth$/, '.tokens.json')),
    )
    const tokens = asMap(root.attributes?.get('field2id_token'))
    for (const [field, its] of Object.entries(expected)) {
      const found = tokens.get(field)
      assert.deepEqual(found instanceof NumpyArray ? found.toValues() : found, its, field)
    }
    const { rows, columns } = toDataFrame(root.attributes?.get('inter_feat'))
    const items = columns.get('item_id')?.toValues() ?? []
    assert.ok(rows > 0 && items.length === rows)
    assert.ok(items.every((item) => Number(item) >= 1 && Number(item) < expected.item_id!.length))
  })
}
