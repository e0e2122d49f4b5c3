/**
 * TensorFlow Serving's REST bodies of 50,000 rows: reading them into tensors beside `JSON.parse` of the same text, and
 * writing answers beside `JSON.stringify` of the same rows. The two take turns; medians are shown.
 * Run: node dist/bench/tensorflow-json.js
 */
import { PredictRequestBody } from '../src/formats/tensorflow-json/predict-request.js'
import { encodePredictResponse } from '../src/formats/tensorflow-json/predict-response.js'
import { type Tensor, tensor } from '../src/tensor/tensor.js'

const rows = 50_000
const rounds = 15

const instances = (row: (index: number) => string): string =>
  `{"instances": [${Array.from({ length: rows }, (_, i) => row(i)).join(', ')}]}`

const wave = (row: number, column: number): number => Math.sin(row * 16 + column)

const list = (count: number, value: (column: number) => number): string =>
  `[${Array.from({ length: count }, (_, j) => value(j)).join(', ')}]`

const users = 6040
const items = 3706

/** Name, dtypes, body. */
const requests: readonly [string, Readonly<Record<string, string>>, string][] = [
  ['[user, item] int32', { x: 'int32' }, instances((i) => `[${i % users}, ${(i * 7) % items}]`)],
  ['[user, item] int64', { x: 'int64' }, instances((i) => `[${i % users}, ${(i * 7) % items}]`)],
  [
    '{"user_id": [..], "item_id": [..]}',
    { user_id: 'int64', item_id: 'int64' },
    instances((i) => `{"user_id": [${i % users}], "item_id": [${(i * 7) % items}]}`),
  ],
  ['16 float32, 17 digits', { x: 'float32' }, instances((i) => list(16, (j) => Math.fround(wave(i, j))))],
  [
    '16 float32, 7 digits',
    { x: 'float32' },
    instances((i) => list(16, (j) => Number(wave(i, j).toPrecision(7)))),
  ],
  ['16 float64, 17 digits', { x: 'float64' }, instances((i) => list(16, (j) => wave(i, j)))],
  ['a string', { x: 'string' }, instances((i) => `"item number ${i}"`)],
]

function compare(name: string, ours: () => unknown, theirs: () => unknown): void {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    for (const [i, run] of [ours, theirs].entries()) {
      const begun = performance.now()
      if (run() === undefined) throw new Error('nothing was made: this is a bug')
      times[i]!.push(performance.now() - begun)
    }
  }
  const [own, other] = times.map(median) as [number, number]
  const ratio = median(times[0].map((ms, i) => ms / times[1][i]!))
  console.log(
    `${name.padEnd(36)} ${own.toFixed(1).padStart(7)} ms ${other.toFixed(1).padStart(7)} ms   ${ratio.toFixed(2)}`,
  )
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

console.log(`reading ${rows} rows`.padEnd(36), '     ours', ' JSON.parse   ratio')
for (const [name, types, text] of requests) {
  const body = Buffer.from(text)
  const inputs = new Map(Object.entries(types))
  compare(
    `${name} (${(body.length / 1e6).toFixed(1)} MB)`,
    () => new PredictRequestBody(body).decode(inputs),
    () => JSON.parse(text),
  )
}

console.log(`writing ${rows} rows`.padEnd(36), '     ours', '  stringify   ratio')
for (const width of [1, 16]) {
  const y: Tensor<'float32'> = tensor(
    'float32',
    [rows, width],
    Float32Array.from({ length: rows * width }, (_, i) => wave(i, 0)),
  )
  const nested = Array.from({ length: rows }, (_, i) => [...y.data.subarray(i * width, (i + 1) * width)])
  const outputs = new Map([['y', y]])
  compare(
    `${width} float32`,
    () => encodePredictResponse(outputs, 'row'),
    () => JSON.stringify({ predictions: nested }),
  )
}
