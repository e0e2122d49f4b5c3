/**
 * Feeds a reader of untrusted files with spoilt ones. Whatever the bytes are, it must answer, or refuse with a
 * RecserveError that names the file and not where it lies, soon and within bounds of memory.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { RecserveError } from '../../src/core/errors.js'
import { memory, memoryAfterCollection } from './memory.js'
import { createRandom, mutate } from './mutate.js'

export interface FuzzOptions {
  /** What is fuzzed, for the failure's message. */
  readonly name: string
  /** A small well-formed file. */
  readonly seedFile: Uint8Array
  /** Name the file gets, with its extension. */
  readonly basename: string
  readonly read: (path: string) => Promise<unknown>
  readonly iterations: number
  readonly seed: number
  /** The iteration to begin with, to reproduce a failure; 0 unless given. */
  readonly from?: number
  /** How long one read may take; 5000 unless given. */
  readonly limitMs?: number
  /** How much memory (heap and buffers) one read may take, and all of them may leave behind; 64 MiB unless given. */
  readonly limitBytes?: number
}

export interface FuzzResult {
  readonly answered: number
  readonly refused: number
}

/** Iterations a fuzz test runs: `FUZZ_ITERATIONS`, 500 unless set. */
export const fuzzIterations = Number(process.env.FUZZ_ITERATIONS ?? 500)

/** @throws Error naming seed and iteration, where the reader breaks one of its promises */
export async function fuzzReader(options: FuzzOptions): Promise<FuzzResult> {
  const { name, seed, from = 0, iterations, basename, limitBytes = 64 * 2 ** 20 } = options
  const directory = await mkdtemp(join(tmpdir(), 'recserve-fuzz-'))
  const path = join(directory, basename)
  const counts = { answered: 0, refused: 0 }
  try {
    const begun = await memoryAfterCollection()
    for (let iteration = from; iteration < iterations; iteration++) {
      // Each iteration has a seed of its own, so that it can be run again without those before it.
      const bytes = mutate(
        Buffer.from(options.seedFile),
        createRandom(Math.imul(seed, 0x9e3779b1) + iteration),
      )
      await writeFile(path, bytes)
      const fault = await findFault(options, path, counts)
      if (fault !== undefined) throw failure(`${name}: seed ${seed}, iteration ${iteration}: ${fault}`, bytes)
    }
    const left = (await memoryAfterCollection()) - begun
    if (left > limitBytes)
      throw new Error(`${name}: seed ${seed}: ${left} bytes are left after ${iterations} reads`)
    return counts
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Reads once and says which promise was broken, if any. */
async function findFault(
  options: FuzzOptions,
  path: string,
  counts: { answered: number; refused: number },
): Promise<string | undefined> {
  const { limitMs = 5000, limitBytes = 64 * 2 ** 20 } = options
  const before = memory()
  const begun = performance.now()
  const stopped = new AbortController()
  const overdue = setTimeout(limitMs, `no end after ${limitMs} ms`, { signal: stopped.signal }).catch(
    () => '',
  )
  const reading = (async () => options.read(path))().then(
    () => void counts.answered++,
    (error: unknown) => {
      counts.refused++
      return faultOf(error, path, options.basename)
    },
  )
  const fault = await Promise.race([reading, overdue])
  stopped.abort()
  if (fault !== undefined) return fault
  const ms = performance.now() - begun
  if (ms > limitMs) return `took ${ms.toFixed(0)} ms`
  // Measured at once: what was allocated in this read has hardly been collected yet.
  const grown = memory() - before
  return grown > limitBytes ? `memory grew by ${grown} bytes` : undefined
}

function faultOf(error: unknown, path: string, basename: string): string | undefined {
  if (!(error instanceof RecserveError))
    return `threw ${error instanceof Error ? error.stack : String(error)}`
  const directory = path.slice(0, -basename.length - 1)
  if (error.message.includes(directory)) return `the message tells the directory: ${error.message}`
  if (!error.message.includes(basename)) return `the message does not name ${basename}: ${error.message}`
  return error.code === 'internal' ? `an internal error: ${error.message}` : undefined
}

function failure(message: string, bytes: Buffer): Error {
  const shown =
    bytes.length > 600
      ? `${bytes.toString('base64', 0, 450)}… of ${bytes.length} bytes`
      : bytes.toString('base64')
  return new Error(`${message}\nthe file, in base64: ${shown}`)
}
