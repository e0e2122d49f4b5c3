/** Thread of the inference process: ends the process when its parent is gone, even in the middle of a run. */
import { workerData } from 'node:worker_threads'

const parentId: unknown = workerData
const intervalMs = 1_000

setInterval(() => {
  // An orphan gets another parent. `exit` would wait for the main thread, which may never come back.
  if (process.ppid !== parentId) process.kill(process.pid, 'SIGKILL')
}, intervalMs)
