import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../core/errors.js'
import { toStrings } from '../../tensor/strings.js'
import { tensor } from '../../tensor/tensor.js'
import type { AnyTensor } from './op.js'
import { runInBlocks } from './row-blocks.js'

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

test('many rows are answered as they are in one run', () => {
  const { sizes, run } = createRun()
  const inputs = { x: matrix(5000) }
  const whole = createRun().run(inputs)
  assert.deepEqual(runInBlocks(inputs, run), whole)
  assert.ok(sizes.length > 1 && sizes.every((rows) => rows <= 2048))
  assert.equal(
    sizes.reduce((sum, rows) => sum + rows, 0),
    5000,
  )
})

test('few rows are one run', () => {
  const { sizes, run } = createRun()
  runInBlocks({ x: matrix(100) }, run)
  assert.deepEqual(sizes, [100])
})

test('a refusal names the row of the whole, not that of a block', () => {
  const { run } = createRun()
  const inputs = { x: matrix(5000, (i) => (i === 3 * 4321 ? -1e9 : 1)) }
  assert.throws(() => runInBlocks(inputs, run), /row 4321 is negative/)
})

test('what has run out of time is not run again', () => {
  let runs = 0
  const late = () => {
    runs++
    throw new RecserveError('deadline_exceeded', 'too late')
  }
  assert.throws(() => runInBlocks({ x: matrix(5000) }, late), { code: 'deadline_exceeded' })
  assert.equal(runs, 1)
})

test('inputs of text, or of different first sizes, are not cut', () => {
  const sizes: unknown[] = []
  const run = (inputs: Tensors): Tensors => {
    sizes.push(...Object.values(inputs).map(({ shape }) => shape[0]))
    return {}
  }
  const words = { dtype: 'string', shape: [5000], data: toStrings(Array(5000).fill('a')) } as const
  runInBlocks({ words, x: matrix(5000) }, run)
  runInBlocks({ x: matrix(5000), one: matrix(1) }, run)
  runInBlocks({ scalar: tensor('float64', [], Float64Array.of(1)), x: matrix(5000) }, run)
  assert.deepEqual(sizes, [5000, 5000, 5000, 1, undefined, 5000])
})
