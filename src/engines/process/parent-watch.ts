/**
 * Thread of the inference process that reads fd 4 while the main thread is in a run: ids of requests whose callers have left
 * (float64, little-endian) are handed on; the end of the pipe says that the parent is gone, and ends the process.
 */
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import type { WatchData } from './cancellations.js'

const { told, port } = workerData as WatchData

let rest: Uint8Array = new Uint8Array(0)
const pipe = new Socket({ fd: 4 })
pipe.on('data', (chunk: Uint8Array) => {
  const bytes = Buffer.concat([rest, chunk])
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    port.postMessage(bytes.readDoubleLE(at))
    // After the message: whoever sees the count finds the message.
    Atomics.add(told, 0, 1)
  }
  rest = bytes.subarray(at)
})
pipe.on('error', () => {})
// `exit` would wait for the main thread, which may never come back.
pipe.on('close', () => process.kill(process.pid, 'SIGKILL'))
