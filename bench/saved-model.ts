/**
 * SavedModels inside the inference process: kernels, pieces of ONNX, and for NeuMF a graph written by hand for ONNX Runtime.
 * Prints microseconds a run, medians of interleaved rounds. Run: node dist/bench/saved-model.js [BATCH …]
 */
import { join } from 'node:path'
import type { AnyTensor } from '../src/engines/tensorflow/op.js'
import { type LoadedModel, loadSavedModel } from '../src/engines/tensorflow/saved-model.js'
import { type DataType, typedArrays } from '../src/tensor/dtype.js'
import { sizeOf } from '../src/tensor/tensor.js'
import { fixturesRoot } from '../tests/project.js'
import { openNeuMf } from './neumf-graph.js'

interface Subject {
  readonly name: string
  readonly directory: string
  readonly signature: string
  /** One more than the largest id of each input. */
  readonly limits: Readonly<Record<string, number>>
  readonly isNeuMf?: boolean
}

const tensorflow = (name: string) => join(fixturesRoot, 'tensorflow', name, 'model', '1')
const neuMf = { signature: 'serving_default', limits: { user_id: 943, item_id: 1682 }, isNeuMf: true }
const subjects: readonly Subject[] = [
  { name: 'rec_neumf_keras', directory: tensorflow('rec_neumf_keras'), ...neuMf },
  { name: 'rec_neumf_tf1', directory: tensorflow('rec_neumf_tf1'), ...neuMf, isNeuMf: false },
  { name: 'rec_dlrm', directory: tensorflow('rec_dlrm'), signature: 'serving_default', limits: {} },
  { name: 'rec_autoint', directory: tensorflow('rec_autoint'), signature: 'serving_default', limits: {} },
  { name: 'rec_sasrec', directory: tensorflow('rec_sasrec'), signature: 'serving_default', limits: {} },
  {
    name: 'tf-din',
    directory: join(fixturesRoot, 'libreco', 'tf-din', 'model/din/1'),
    signature: 'predict',
    limits: {},
  },
]
const batches = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 64, 1_000, 50_000]
const defaultLimit = 3
const budgetMs = 1_500

console.log('us a run, median (fastest); ratio: kernels / lowered')
for (const subject of subjects) await measure(subject)

async function measure(subject: Subject): Promise<void> {
  const lowered = await loadSavedModel(subject.directory)
  const kernels = await loadSavedModel(subject.directory, { lowering: false })
  const signature = lowered.signatures.has(subject.signature)
    ? subject.signature
    : [...lowered.signatures.keys()][0]!
  const byHand = subject.isNeuMf ? openNeuMf() : undefined
  for (const batch of batches) {
    const feeds = feedsOf(lowered, signature, { batch, limits: subject.limits })
    const run = (model: LoadedModel) => () => void model.run(signature, feeds)
    const ways = { kernels: run(kernels), lowered: run(lowered) }
    const times = compare(byHand ? { ...ways, hand: () => byHand(feeds) } : ways)
    const text = Object.entries(times).map(
      ([name, { median, fastest }]) => `${name} ${show(median)} (${show(fastest)})`,
    )
    const ratio = times.kernels!.median / times.lowered!.median
    console.log(
      `${subject.name.padEnd(16)} ${String(batch).padStart(6)}  ${text.join('  ')}  x${ratio.toFixed(2)}`,
    )
  }
  const { pieces, stepsLowered, kept } = lowered.lowering ?? { pieces: 0, stepsLowered: 0, kept: new Map() }
  console.log(
    `${subject.name}: ${pieces} pieces, ${stepsLowered} steps lowered, kept: ${[...kept.keys()].join(', ') || 'none'}`,
  )
}

function show(us: number): string {
  return us < 100 ? us.toFixed(1) : us.toFixed(0)
}

function feedsOf(
  model: LoadedModel,
  signature: string,
  { batch, limits }: { readonly batch: number; readonly limits: Subject['limits'] },
): Readonly<Record<string, AnyTensor>> {
  const feeds: Record<string, AnyTensor> = {}
  for (const [alias, { dtype, shape = [-1] }] of model.signatures.get(signature)!.inputs) {
    const sizes = shape.map((size, d) => (size >= 0 ? size : d === 0 ? batch : 10))
    const limit = limits[alias] ?? defaultLimit
    const data = new typedArrays[dtype as DataType](sizeOf(sizes))
    const isFloat = dtype === 'float32' || dtype === 'float64'
    for (let i = 0; i < data.length; i++) {
      const value = isFloat ? Math.random() : Math.floor(Math.random() * limit)
      data[i] = data instanceof BigInt64Array ? (BigInt(value) as never) : (value as never)
    }
    feeds[alias] = { dtype: dtype as DataType, shape: sizes, data } as AnyTensor
  }
  return feeds
}

function compare(
  ways: Readonly<Record<string, () => void>>,
): Record<string, { median: number; fastest: number }> {
  const names = Object.keys(ways)
  const times = new Map(names.map((name) => [name, [] as number[]]))
  for (let warm = 0; warm < 30; warm++) {
    const start = performance.now()
    for (const name of names) ways[name]!()
    if (performance.now() - start > 100) break
  }
  const end = performance.now() + budgetMs
  for (let round = 0; round < 2_000 && (round < 7 || performance.now() < end); round++) {
    // In turn, since what ran before leaves the caches full of its own.
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      const start = performance.now()
      ways[name]!()
      times.get(name)!.push((performance.now() - start) * 1_000)
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const values = times.get(name)!.sort((a, b) => a - b)
      return [name, { median: values[values.length >> 1]!, fastest: values[0]! }]
    }),
  )
}
