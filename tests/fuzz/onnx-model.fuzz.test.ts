/** Spoilt ONNX models, opened and run in the inference process: whatever they do to it, this process gets an answer. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { onnx } from '../../src/engines/onnx/onnx-engine.js'
import { tensor } from '../../src/tensor/tensor.js'
import { modelWithExternalData, perceptron } from '../onnx-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

/** Each model gets a process of its own, which takes longer to start than most readers take for a hundred files. */
const iterations = Math.ceil(fuzzIterations / 5)

const skip = onnx.create().available ? false : 'no inference runtime for this platform'
const x = tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4))
const weights = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)
const ids = tensor('int64', [1], BigInt64Array.of(0n))

const seeds = [
  ['a perceptron', perceptron(17), { x }],
  ['a model with weights elsewhere', modelWithExternalData('w.bin'), { ids }],
] as const
for (const [what, seedFile, inputs] of seeds) {
  test(`${what}: a spoilt file is refused or runs (${iterations} files)`, {
    skip,
  }, async (t: TestContext) => {
    let deaths = 0
    const begin = () =>
      onnx.create({
        runTimeoutMs: 2_000,
        onEvent: (event) => {
          if (event.type === 'inference_process' && event.state === 'died') deaths++
        },
      })
    let engine = begin()
    const read = async (path: string) => {
      const file = basename(path)
      const before = deaths
      await writeFile(join(dirname(path), 'w.bin'), weights)
      try {
        const session = await engine.openOnnxModel(file, { directory: dirname(path), file })
        try {
          await session.run({ signature: 'serving_default', inputs })
        } catch (error) {
          // What a run says is of the request; it does not name the file.
          assert.equal((error as { name?: string }).name, 'RecserveError')
        }
        await session.close()
      } catch (error) {
        // A process that dies of a model cannot say of which file.
        if (!(error instanceof RecserveError) || error.code !== 'unavailable') throw error
        throw new RecserveError(error.code, `${file}: ${error.message}`)
      } finally {
        if (deaths > before) {
          await engine.close()
          engine = begin()
        }
      }
    }
    const counts = await fuzzReader({
      ...{ name: what, basename: 'm.onnx', seedFile, read, iterations, seed: 1 },
    })
    await engine.close()
    t.diagnostic(`${counts.answered} answered, ${counts.refused} refused, ${deaths} deaths of the process`)
    if (fuzzIterations >= 500) assert.ok(counts.answered > 0 && counts.refused > 0)
  })
}
