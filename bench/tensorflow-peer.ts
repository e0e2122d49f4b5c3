/** A Python process with TensorFlow from PyPI (bench/tensorflow-peer.py), asked one thing at a time. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../tests/project.js'

export interface PeerFeed {
  readonly dtype: 'int32'
  readonly shape: readonly number[]
  /** Integers from low up to, and without, high. */
  readonly low: number
  readonly high: number
}

export interface TensorflowPeer {
  /** Exports the benchmark's models into a folder and names them. */
  make(directory: string): Promise<readonly string[]>
  load(name: string, directory: string): Promise<void>
  /** Microseconds of one call inside that process: median and fastest. */
  run(
    name: string,
    feeds: Readonly<Record<string, PeerFeed>>,
    seconds: number,
  ): Promise<{ readonly us: number; readonly fastest: number }>
  stop(): void
}

/** @param python an interpreter that can `import tensorflow` */
export function startTensorflowPeer(python: string, threads: number): TensorflowPeer {
  const script = join(projectRoot, 'bench', 'tensorflow-peer.py')
  const child = spawn(python, [script, String(threads)], { stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function ask(command: unknown): Promise<never> {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`${python} has ended: can it import tensorflow?`)
    return JSON.parse(value) as never
  }
  return {
    make: async (directory) => ((await ask({ make: directory })) as { made: readonly string[] }).made,
    load: async (name, directory) => void (await ask({ load: directory, name })),
    run: (name, feeds, seconds) => ask({ run: name, feeds, seconds }),
    stop: () => void child.kill(),
  }
}
