/**
 * SavedModels with 200 MB of weights: from the start of the inference process to the first answer, and its memory.
 * Run: node dist/bench/weights.js
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { onnx } from '../src/engines/onnx/onnx-engine.js'
import { tensor } from '../src/tensor/tensor.js'
import { type EmbeddingModel, writeEmbeddingModel } from '../tests/embedding-model-file.js'
import { temporaryFolder } from '../tests/temporary.js'

type Size = Pick<EmbeddingModel, 'rows' | 'width' | 'units'>

const rounds = 5
const sizes: Readonly<Record<string, Size>> = {
  'nothing to speak of': { rows: 100, width: 64, units: 16 },
  'looked up': { rows: 780_000, width: 64, units: 16 },
  multiplied: { rows: 100, width: 64, units: 780_000 },
}
const ways = {
  read: { checksums: false, immutable: false },
  'read, checksums': { checksums: true, immutable: false },
  mapped: { checksums: true, immutable: true },
}

interface Measured {
  readonly readyMs: number
  /** In MB: at the peak, and after the answers. */
  readonly peak: number
  readonly anonymous: number
  readonly file: number
}

console.log('| weights | form | way | ms to the first answer | peak MB | resident at rest: own + of files |')
for (const [name, size] of Object.entries(sizes)) {
  for (const form of ['resource', 'reference'] as const) {
    const directory = temporaryFolder('weights')
    writeEmbeddingModel(directory, { ...size, form, value: (i) => Math.sin(i) / 8 })
    for (const [way, options] of Object.entries(ways)) {
      const all: Measured[] = []
      for (let i = 0; i < rounds; i++) all.push(await measure(directory, size, options))
      const { readyMs, peak, anonymous, file } = medians(all)
      const cells = [name, form, way, readyMs.toFixed(0), peak.toFixed(0)]
      console.log(`| ${cells.join(' | ')} | ${anonymous.toFixed(0)} + ${file.toFixed(0)} |`)
    }
  }
}

async function measure(directory: string, { rows }: Size, options: (typeof ways)['read']): Promise<Measured> {
  const engine = onnx.create()
  const startedMs = performance.now()
  const session = await engine.openSavedModel('weights', { directory, tags: ['serve'], ...options })
  const ids = (...values: number[]) => ({ ids: tensor('int32', [values.length], Int32Array.from(values)) })
  await session.run({ signature: 'serving_default', inputs: ids(rows - 1) })
  const readyMs = performance.now() - startedMs
  // Every page of the table once, a few at a time.
  for (let from = 0; from < rows; from += 2000)
    await session.run({
      signature: 'serving_default',
      inputs: ids(...Array.from({ length: Math.min(8, rows) }, (_, i) => Math.min(from + i * 16, rows - 1))),
    })
  await sleep(200)
  const status = readFileSync(`/proc/${engine.processIds[0]}/status`, 'utf8')
  await engine.close()
  const inMb = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)![1]) * 1024) / 1e6
  return { readyMs, peak: inMb('VmHWM'), anonymous: inMb('RssAnon'), file: inMb('RssFile') }
}

function medians(all: readonly Measured[]): Measured {
  const of = (key: keyof Measured) => all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1]!
  return { readyMs: of('readyMs'), peak: of('peak'), anonymous: of('anonymous'), file: of('file') }
}
