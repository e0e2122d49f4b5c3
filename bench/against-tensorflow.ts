/**
 * The same SavedModels in TensorFlow from PyPI and here, interleaved: inside the inference process, and end to end through a
 * session. NeuMF also as a graph written by hand for ONNX Runtime. Prints microseconds a run, medians of rounds.
 * Run: BENCH_PYTHON=/path/to/python node dist/bench/against-tensorflow.js [THREADS] [ROUNDS]
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onnx } from '../src/engines/onnx/onnx-engine.js'
import type { AnyTensor } from '../src/engines/tensorflow/op.js'
import { loadSavedModel } from '../src/engines/tensorflow/saved-model.js'
import { tensor } from '../src/tensor/tensor.js'
import { temporaryFolder } from '../tests/temporary.js'
import { openNeuMf } from './neumf-graph.js'
import { type PeerFeed, startTensorflowPeer } from './tensorflow-peer.js'
import { median } from './wrk.js'

const [threads = 1, rounds = 5] = process.argv.slice(2).map(Number)
const python = process.env.BENCH_PYTHON ?? 'python3'
const batches = [1, 64, 1_000, 50_000]
const windowSeconds = 0.4
const users = { dtype: 'int32', low: 0, high: 6040 } as const
const items = { dtype: 'int32', low: 0, high: 3706 } as const
const sizes = { users: users.high, items: items.high, factors: 8, layers: [64, 32, 16, 8] }

/** What each model is fed, for a number of rows. */
const inputs: Readonly<Record<string, (rows: number) => Readonly<Record<string, PeerFeed>>>> = {
  neumf: (rows) => ({ user_id: { ...users, shape: [rows] }, item_id: { ...items, shape: [rows] } }),
  twotower: (rows) => ({
    user_id: { ...users, shape: [rows] },
    age: { ...users, high: 8, shape: [rows] },
    item_id: { ...items, shape: [rows] },
    genre: { ...items, high: 20, shape: [rows] },
  }),
  din: (rows) => ({
    user_id: { ...users, shape: [rows] },
    item_id: { ...items, shape: [rows] },
    history: { ...items, shape: [rows, 10] },
    length: { ...items, low: 1, high: 11, shape: [rows] },
  }),
}

const folder = temporaryFolder('against-tensorflow')
const peer = startTensorflowPeer(python, threads)
const engine = onnx.create({ intraOpThreads: threads })
console.log(`${threads} thread${threads === 1 ? '' : 's'} a run\n`)
console.log(
  '| model | rows | TensorFlow us | inside us | end to end us | by hand us | TensorFlow / inside | TensorFlow / end to end | inside / by hand |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const name of await peer.make(folder)) await compare(name)
peer.stop()
await engine.close()
await rm(folder, { recursive: true })

async function compare(name: string): Promise<void> {
  const directory = join(folder, name, '1')
  await peer.load(name, directory)
  const files = { directory, tags: ['serve'], checksums: true }
  const inside = await loadSavedModel(directory, { threads: { intraOpThreads: threads } })
  const session = await engine.openSavedModel(name, files)
  const byHand = name === 'neumf' ? openNeuMf(sizes, threads) : undefined
  for (const rows of batches) {
    const specs = inputs[name]!(rows)
    const feeds = toFeeds(specs)
    const run = { signature: 'serving_default', inputs: feeds }
    const times = { tensorflow: [], inside: [], session: [], hand: [] } as Record<string, number[]>
    for (let round = 0; round < rounds; round++) {
      times.tensorflow!.push((await peer.run(name, specs, windowSeconds)).us)
      times.inside!.push(await time(() => inside.run('serving_default', feeds)))
      times.session!.push(await time(() => session.run(run)))
      if (byHand) times.hand!.push(await time(() => byHand(feeds)))
    }
    report(name, rows, times)
  }
  inside.close()
  await session.close()
}

function report(name: string, rows: number, times: Readonly<Record<string, readonly number[]>>): void {
  const ratio = (a: string, b: string) =>
    times[b]!.length > 0 ? median(times[a]!.map((us, i) => us / times[b]![i]!)).toFixed(2) : ''
  const us = (way: string) => {
    const value = times[way]!.length > 0 ? median(times[way]!) : undefined
    return value === undefined ? '' : value < 100 ? value.toFixed(1) : value.toFixed(0)
  }
  const columns = [us('tensorflow'), us('inside'), us('session'), us('hand')]
  const ratios = [ratio('tensorflow', 'inside'), ratio('tensorflow', 'session'), ratio('inside', 'hand')]
  console.log(`| ${[name, rows.toLocaleString('en'), ...columns, ...ratios].join(' | ')} |`)
}

/** Median microseconds of a window, which a third of one warms up. */
async function time(run: () => unknown): Promise<number> {
  const warm = performance.now() + (windowSeconds * 1_000) / 3
  while (performance.now() < warm) await run()
  const times: number[] = []
  const end = performance.now() + windowSeconds * 1_000
  while (performance.now() < end || times.length < 5) {
    const start = performance.now()
    await run()
    times.push((performance.now() - start) * 1_000)
  }
  return median(times)
}

function toFeeds(specs: Readonly<Record<string, PeerFeed>>): Readonly<Record<string, AnyTensor>> {
  return Object.fromEntries(
    Object.entries(specs).map(([alias, { shape, low, high }]) => {
      const size = shape.reduce((product, each) => product * each, 1)
      const values = Int32Array.from({ length: size }, () => low + Math.floor(Math.random() * (high - low)))
      return [alias, tensor('int32', shape, values)]
    }),
  )
}
