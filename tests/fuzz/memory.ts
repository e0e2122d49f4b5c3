import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Heap and buffers of this process, in bytes. */
export function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What is left once all that nobody holds has been collected. */
export async function memoryAfterCollection(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Buffers found dead by one collection are given back beside the thread, and counted as gone by the next.
  for (let i = 0; i < 3; i++) {
    collect()
    await setTimeout(1)
  }
  return memory()
}
