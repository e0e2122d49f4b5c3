/** Weights of SavedModels, read or mapped: what happens when their files change, and that both answer alike. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, renameSync, symlinkSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type EmbeddingModel, writeEmbeddingModel } from '../../../tests/embedding-model-file.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import { tensor } from '../../tensor/tensor.js'
import { onnx } from '../onnx/onnx-engine.js'
import { hasRuntime } from '../onnx/runtime.js'
import { type LoadedModel, type LoadOptions, loadSavedModel } from './saved-model.js'

const skip = hasRuntime() ? false : 'no runtime for this platform'
/** 2 MiB: more than what is copied in any case. */
const size = { rows: 8192, width: 64, units: 3 }
const forms = ['resource', 'reference'] as const

function write(form: EmbeddingModel['form']) {
  const directory = temporaryFolder('weights')
  const shard = writeEmbeddingModel(directory, { ...size, form, value: (i) => Math.fround(Math.sin(i)) })
  return { directory, shard }
}

const ids = (count: number) =>
  tensor(
    'int32',
    [count],
    Int32Array.from({ length: count }, (_, i) => (i * 2011) % size.rows),
  )

/** One row, which kernels may take, and many, which the runtime does. */
const answers = (model: LoadedModel) =>
  [1, 500].map((count) => model.run('serving_default', { ids: ids(count) }).scores!.data)

function expected(count: number): Float32Array {
  const { width, units } = size
  const sine = (i: number) => Math.fround(Math.sin(i))
  return Float32Array.from({ length: count * units }, (_, at) => {
    const row = ids(count).data[Math.floor(at / units)]!
    let sum = 0
    for (let k = 0; k < width; k++) sum += sine(row * width + k) * sine(k * units + (at % units))
    return sum
  })
}

/** Within the rounding of sums of 64 products. */
function assertRight(model: LoadedModel): void {
  for (const [i, count] of [1, 500].entries()) {
    const found = answers(model)[i] as Float32Array
    const wanted = expected(count)
    assert.equal(found.length, wanted.length)
    for (const [j, value] of wanted.entries()) assert.ok(Math.abs(value - found[j]!) < 1e-4)
  }
}

/** Zeros over all of the file, in place. */
function overwrite(shard: string): void {
  const fd = openSync(shard, 'r+')
  writeSync(fd, Buffer.alloc(readFileSync(shard).length))
  closeSync(fd)
}

const isMapped = (shard: string) => readFileSync('/proc/self/maps', 'utf8').includes(shard)
const linux = process.platform === 'linux' ? skip : 'only Linux tells what is mapped'

for (const form of forms) {
  describe(`variables as ${form}s`, { skip }, () => {
    const ways: readonly LoadOptions[] = [
      {},
      { lowering: false },
      { immutable: true },
      { immutable: 'all' },
      { immutable: true, lowering: false },
      { immutable: 'all', lowering: 'always' },
    ]
    for (const way of ways) {
      test(`answers are right: ${JSON.stringify(way)}`, async (t) => {
        const model = await loadSavedModel(write(form).directory, way)
        t.after(() => model.close())
        assertRight(model)
      })
    }

    test('a shard that is overwritten and cut short in place changes no answer', async (t) => {
      const { directory, shard } = write(form)
      const model = await loadSavedModel(directory)
      t.after(() => model.close())
      const before = answers(model)
      overwrite(shard)
      assert.deepEqual(answers(model), before)
      truncateSync(shard, 0)
      assert.deepEqual(answers(model), before)
      assertRight(model)
    })

    test('a table is mapped where the files are said not to change, and only there', {
      skip: linux,
    }, async () => {
      const { directory, shard } = write(form)
      const read = await loadSavedModel(directory)
      answers(read)
      assert.equal(isMapped(shard), false)
      const mapped = await loadSavedModel(directory, { immutable: true })
      assert.equal(isMapped(shard), true)
      mapped.close()
      read.close()
    })

    test('a shard that is cut short is refused at load, read or mapped', async () => {
      const { directory, shard } = write(form)
      truncateSync(shard, 4 * size.rows * size.width)
      for (const immutable of [false, true])
        await assert.rejects(loadSavedModel(directory, { immutable }), {
          code: 'data_loss',
          message: /is cut short/,
        })
    })

    test('a shard that is a symbolic link is mapped from where it leads', { skip: linux }, async (t) => {
      const { directory, shard } = write(form)
      const real = join(temporaryFolder('blobs'), 'f00d')
      renameSync(shard, real)
      symlinkSync(real, shard)
      const model = await loadSavedModel(directory, { immutable: true })
      t.after(() => model.close())
      assertRight(model)
      assert.equal(isMapped(real), true)
      assert.deepEqual(model.lowering!.refused, [])
    })

    test('a shard whose name the runtime would take for an address is read', { skip: linux }, async (t) => {
      const { directory, shard } = write(form)
      const real = join(temporaryFolder('blobs'), '*')
      renameSync(shard, real)
      symlinkSync(real, shard)
      const model = await loadSavedModel(directory, { immutable: true })
      t.after(() => model.close())
      assertRight(model)
      assert.equal(isMapped(real), false)
    })
  })
}

test('an inference process outlives a shard that is overwritten and cut short', { skip }, async (t) => {
  const { directory, shard } = write('resource')
  const engine = onnx.create()
  t.after(() => engine.close())
  const session = await engine.openSavedModel('weights', { directory, tags: ['serve'], checksums: true })
  const { processIds } = engine
  const run = () => session.run({ signature: 'serving_default', inputs: { ids: ids(500) } })
  const before = await run()
  overwrite(shard)
  assert.deepEqual(await run(), before)
  truncateSync(shard, 0)
  assert.deepEqual(await run(), before)
  assert.deepEqual(engine.processIds, processIds)
})
