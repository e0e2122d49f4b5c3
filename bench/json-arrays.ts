/**
 * Reading a 100,000 x 64 `item_embed.json`: `readFloatRows` beside `JSON.parse` of the same text. Each run is a process
 * of its own, so that its peak memory is its own too; the two take turns, and medians are shown.
 * Run: node dist/bench/json-arrays.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFloatRows } from '../src/formats/json-arrays.js'

const rows = 100_000
const columns = 64
const rounds = 5
const mebibyte = 2 ** 20
const subjects = ['readFloatRows', 'JSON.parse'] as const
type Subject = (typeof subjects)[number]

interface Run {
  readonly ms: number
  /** Highest resident memory of the process, less what it had before. */
  readonly peakBytes: number
}

const self = fileURLToPath(import.meta.url)

/** Prints a table of MB/s (10^6 bytes) and peak memory. */
async function compare(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-bench-'))
  try {
    const path = join(directory, 'item_embed.json')
    await writeEmbeddings(path)
    const { size } = await stat(path)
    const runs: Record<Subject, Run[]> = { readFloatRows: [], 'JSON.parse': [] }
    for (let round = 0; round < rounds; round++) {
      for (const subject of subjects) runs[subject].push(await runChild(subject, path))
    }
    printTable(size, runs)
  } finally {
    await rm(directory, { recursive: true })
  }
}

function printTable(size: number, runs: Record<Subject, Run[]>): void {
  const arrayMiB = ((rows * columns * 4) / mebibyte).toFixed(0)
  console.log(
    `${rows} x ${columns}, file ${(size / mebibyte).toFixed(0)} MiB, array ${arrayMiB} MiB, ${rounds} rounds`,
  )
  for (const subject of subjects) {
    const ms = median(runs[subject].map((run) => run.ms))
    const peak = median(runs[subject].map((run) => run.peakBytes)) / mebibyte
    const speed = size / 1000 / ms
    console.log(
      `${subject.padEnd(14)} ${ms.toFixed(0).padStart(6)} ms ${speed.toFixed(0).padStart(5)} MB/s   peak +${peak.toFixed(0)} MiB`,
    )
  }
  const ratio = median(runs['JSON.parse'].map((run, i) => run.ms / runs.readFloatRows[i]!.ms))
  console.log(`readFloatRows is ${ratio.toFixed(2)} times as fast (median of paired rounds)`)
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Numbers as Python writes a float32 array's `tolist()`: doubles of 16 or 17 digits. */
async function writeEmbeddings(path: string): Promise<void> {
  const out = createWriteStream(path)
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.fround((state / 2 ** 31) * 0.5)
  }
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: columns }, next).join(',')
    if (!out.write(`${row === 0 ? '{' : ','}"${row}":[${values}]`)) await once(out, 'drain')
  }
  out.end('}')
  await once(out, 'close')
}

async function runChild(subject: Subject, path: string): Promise<Run> {
  const child = fork(self, ['--run', subject, path])
  const [run] = (await once(child, 'message')) as [Run]
  await once(child, 'exit')
  return run
}

async function measure(subject: string, path: string): Promise<Run> {
  const before = process.memoryUsage.rss()
  const start = performance.now()
  const result =
    subject === 'JSON.parse' ? JSON.parse(readFileSync(path, 'utf8')) : await readFloatRows(path, { rows })
  const ms = performance.now() - start
  if (result === undefined) throw new Error('nothing was read; this is a bug')
  return { ms, peakBytes: process.resourceUsage().maxRSS * 1024 - before }
}

const [, , flag, subject, path] = process.argv
if (flag === '--run') process.send?.(await measure(subject!, path!), () => process.disconnect())
else await compare()
