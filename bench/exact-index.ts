/**
 * Where exact search should run: in the calling thread or in the inference process. Prints microseconds a query, medians
 * of interleaved rounds, for one search at a time and for 16 in flight. Run: node dist/bench/exact-index.js [ROWSxCOLUMNS …]
 */

import { openEngineSearch } from '../src/ann/engine-search.js'
import { createIndex } from '../src/ann/exact.js'
import { createKernelSearch } from '../src/ann/kernel-search.js'
import type { VectorIndex } from '../src/ann/vector-index.js'
import { onnx } from '../src/engines/onnx/onnx-engine.js'
import type { Matrix } from '../src/tensor/matrix.js'

const defaultSizes = ['120x16', '500x64', '1000x64', '2000x64', '3700x64', '10000x64', '100000x64']
const concurrencies = [1, 16]
const k = 10
const excludedRows = 100
/** Multiply-adds a size is measured with, so that large sizes take no longer than small ones. */
const productsPerSize = 2e9

const sizes = process.argv.length > 2 ? process.argv.slice(2) : defaultSizes
const engine = onnx.create()
console.log('us a query, median (fastest)')
for (const size of sizes) {
  const [rows = 0, columns = 0] = size.split('x').map(Number)
  const vectors: Matrix = {
    rows,
    columns,
    values: Float32Array.from({ length: rows * columns }, Math.random),
  }
  const kernel = createIndex(
    { vectors },
    { search: createKernelSearch(vectors, undefined), close: async () => {} },
  )
  const inProcess = createIndex({ vectors }, await openEngineSearch(vectors, undefined, { engine }))
  for (const inFlight of concurrencies) await compare(size, { kernel, engine: inProcess }, inFlight)
  await inProcess.close()
}
await engine.close()

async function compare(
  size: string,
  ways: Readonly<Record<string, VectorIndex>>,
  inFlight: number,
): Promise<void> {
  const { count, width } = Object.values(ways)[0]!
  const rounds = Math.max(15, Math.min(2_000, Math.ceil(productsPerSize / (count * width * inFlight))))
  const query = Float32Array.from({ length: width }, Math.random)
  const excluded = Int32Array.from({ length: excludedRows }, () => Math.floor(Math.random() * count))
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, index] of Object.entries(ways)) {
      const start = performance.now()
      await Promise.all(Array.from({ length: inFlight }, () => index.search(query, { k, excluded })))
      times.get(name)!.push(((performance.now() - start) * 1000) / inFlight)
    }
  }
  const shown = [...times].map(([name, values]) => {
    values.sort((a, b) => a - b)
    return `${name} ${values[values.length >> 1]!.toFixed(1)} (${values[0]!.toFixed(1)})`
  })
  console.log(`${size.padEnd(10)} ${String(inFlight).padStart(2)} in flight: ${shown.join('   ')}`)
}
