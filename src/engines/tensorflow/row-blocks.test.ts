import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import { RecserveError } from '../../core/errors.js'
import { stringAt, toStrings } from '../../tensor/strings.js'
import { tensor } from '../../tensor/tensor.js'
import type { AnyTensor } from './op.js'
import { runInBlocks } from './row-blocks.js'
import { loadSavedModel } from './saved-model.js'

type Tensors = Readonly<Record<string, AnyTensor>>

/** Sums of rows, and the rows doubled; notes how many rows it is given at a time. */
function createRun() {
  const sizes: number[] = []
  const run = ({ x }: Tensors): Tensors => {
    const [rows, width] = x!.shape as [number, number]
    const data = x!.data as Float64Array
    sizes.push(rows)
    const sums = Float64Array.from({ length: rows }, (_, r) =>
      data.subarray(r * width, (r + 1) * width).reduce((sum, value) => sum + value, 0),
    )
    if (sums.some((sum) => sum < 0)) {
      throw new RecserveError('invalid_argument', `row ${sums.findIndex((sum) => sum < 0)} is negative`)
    }
    const doubled = data.map((value) => 2 * value)
    return { sum: tensor('float64', [rows], sums), doubled: tensor('float64', [rows, width], doubled) }
  }
  return { sizes, run }
}

const matrix = (rows: number, value: (i: number) => number = (i) => i) =>
  tensor(
    'float64',
    [rows, 3],
    Float64Array.from({ length: 3 * rows }, (_, i) => value(i)),
  )

describe('blocks of rows', () => {
  test('are answered as all rows are in one run', () => {
    const { sizes, run } = createRun()
    const inputs = { x: matrix(5000) }
    assert.deepEqual(runInBlocks(inputs, { rows: 5000, run }), createRun().run(inputs))
    assert.ok(sizes.length > 1 && sizes.every((rows) => rows <= 2048))
    assert.equal(
      sizes.reduce((sum, rows) => sum + rows, 0),
      5000,
    )
  })

  test('refused, name the row of the whole', () => {
    const { run } = createRun()
    const inputs = { x: matrix(5000, (i) => (i === 3 * 4321 ? -1e9 : 1)) }
    assert.throws(() => runInBlocks(inputs, { rows: 5000, run }), /row 4321 is negative/)
  })

  test('that have run out of time or memory are not run again', () => {
    for (const code of ['deadline_exceeded', 'cancelled', 'resource_exhausted'] as const) {
      let runs = 0
      const run = () => {
        runs++
        throw new RecserveError(code, 'over')
      }
      assert.throws(() => runInBlocks({ x: matrix(5000) }, { rows: 5000, run }), { code })
      assert.equal(runs, 1)
    }
  })

  test('of text are cut and joined', () => {
    const words = Array.from({ length: 3000 }, (_, i) => `word ${i}`)
    const inputs = { words: { dtype: 'string', shape: [3000], data: toStrings(words) } } as const
    const { words: joined } = runInBlocks(inputs, { rows: 3000, run: (block) => block })
    assert.equal(joined!.shape[0], 3000)
    const { data } = joined as typeof inputs.words
    assert.deepEqual(
      words.map((_, i) => Buffer.from(stringAt(data, i)).toString()),
      words,
    )
  })

  test('whose answer is too large are refused after the first', () => {
    const { sizes, run } = createRun()
    assert.throws(
      () => runInBlocks({ x: matrix(100_000) }, { rows: 100_000, run }, { maxBytes: 2 ** 20 }),
      /OOM when allocating the outputs of 100000 rows/,
    )
    assert.equal(sizes.length, 1)
  })
})

/** Signatures of x, float32 [-1, 4]: `soft` is its softmax, `text` its numbers as text. */
function writeModel(): string {
  const type = (key: string) => `attr { key: "${key}" value { type: DT_FLOAT } }`
  const signature = (name: string, node: string, dtype: string) => `
    signature_def { key: "${name}" value { method_name: "tensorflow/serving/predict"
      inputs { key: "x" value { name: "x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 4 } } } }
      outputs { key: "y" value { name: "${node}:0" dtype: ${dtype} tensor_shape { dim { size: -1 } dim { size: 4 } } } } } }`
  const directory = temporaryFolder('blocks')
  const text = `saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: "serve" } graph_def {
    node { name: "x" op: "Placeholder" ${type('dtype')} }
    node { name: "soft" op: "Softmax" input: "x" ${type('T')} }
    node { name: "text" op: "AsString" input: "x" ${type('T')} } }
    ${signature('soft', 'soft', 'DT_FLOAT')} ${signature('text', 'text', 'DT_STRING')} }`
  writeFileSync(join(directory, 'saved_model.pbtxt'), text)
  return directory
}

describe('a model with row-wise signatures', () => {
  const ones = (...shape: number[]) =>
    tensor('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1))

  test('runs inputs that are not as declared in one: of them nothing was shown', async () => {
    const model = await loadSavedModel(writeModel())
    assert.equal(model.whyNotRowWise('soft'), undefined)
    const { y } = model.run('soft', { x: ones(4096) })
    assert.equal((y!.data as Float32Array)[0], 1 / 4096)
    const { y: declared } = model.run('soft', { x: ones(4096, 4) })
    assert.equal((declared!.data as Float32Array)[4 * 4096 - 1], 1 / 4)
    model.close()
  })

  test('answers text for many rows', async () => {
    const model = await loadSavedModel(writeModel())
    const { y } = model.run('text', { x: ones(3000, 4) })
    assert.deepEqual(y!.shape, [3000, 4])
    model.close()
  })
})
