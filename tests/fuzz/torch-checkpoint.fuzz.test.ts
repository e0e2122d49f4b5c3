import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readSafetensors } from '../../src/formats/safetensors.js'
import { readTorchCheckpoint } from '../../src/formats/torch/checkpoint.js'
import { TorchTensor } from '../../src/formats/torch/torch-tensor.js'
import { sizeOf } from '../../src/tensor/tensor.js'
import { call, dict, object, pickle, u64 } from '../pickle-file.js'
import { fixturesRoot } from '../project.js'
import { legacyForm, storage, tensorOf, zipForm } from '../torch-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const floats = Buffer.from(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)
const six = storage({ key: '0', count: 6 })
const root = dict({
  whole: tensorOf({ storage: six, shape: [2, 3], stride: [3, 1] }),
  turned: tensorOf({ storage: six, shape: [3, 2], stride: [1, 3] }),
  config: object('recbole.config.configurator.Config', { model: 'SASRec' }),
})
const within = call('torch.storage._load_from_bytes', legacyForm(six, { 0: [6, floats] }))
const header = Buffer.from(JSON.stringify({ a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] } }))
const fixture = join(fixturesRoot, 'recbole', 'Pop', 'checkpoint.pth')

const seedFiles: Readonly<Record<string, Buffer>> = {
  'the zip form': zipForm(root, { 0: floats }),
  'the older form': legacyForm(root, { 0: [6, floats] }),
  'a plain pickle': pickle(dict({ x: tensorOf({ storage: within, shape: [6], stride: [1] }) })),
  ...(existsSync(fixture) ? { 'a checkpoint of RecBole': readFileSync(fixture) } : {}),
}

/** Reads, and every tensor too: it must be whole. */
async function readTorch(path: string): Promise<void> {
  const { root: value } = await readTorchCheckpoint(path)
  for (const tensor of value instanceof Map ? value.values() : []) {
    if (!(tensor instanceof TorchTensor)) continue
    const { data, shape, dtype } = await tensor.read()
    assert.equal(data.length, sizeOf(shape) * (dtype.startsWith('complex') ? 2 : 1))
  }
}

async function readSafe(path: string): Promise<void> {
  const { tensors } = await readSafetensors(path)
  for (const tensor of tensors.values()) {
    const { data, shape, dtype } = await tensor.read()
    assert.equal(data.length, sizeOf(shape) * (dtype.startsWith('complex') ? 2 : 1))
  }
}

const cases = [
  ...Object.entries(seedFiles).map(([name, seedFile]) => [name, 'model.pth', seedFile, readTorch] as const),
  [
    'a safetensors file',
    'model.safetensors',
    Buffer.concat([u64(header.length), header, floats]),
    readSafe,
  ] as const,
]

for (const [name, basename, seedFile, read] of cases) {
  test(`answers or refuses ${name}, spoilt (${fuzzIterations} files)`, async (t: TestContext) => {
    const options = { name, basename, seedFile, read, iterations: fuzzIterations, seed: 1 }
    const { answered, refused } = await fuzzReader(options)
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500) {
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
    }
  })
}
