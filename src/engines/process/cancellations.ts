/** Which callers have left, as the inference process' main thread sees it, even in the middle of a run. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'

/** What the thread of parent-watch.ts is given. */
export interface WatchData {
  /** One number: how many cancellations have been told. */
  readonly told: Int32Array
  readonly port: MessagePort
}

export interface Cancellations {
  /**
   * Whether the caller of a request has left; some nanoseconds as long as nobody has. Requests are to be asked about in the
   * order of their ids.
   */
  has(id: number): boolean
}

/** Starts the thread that listens, and that ends this process when its parent is gone. */
export function watchParent(): Cancellations {
  const { port1, port2 } = new MessageChannel()
  const told = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: WatchData = { told, port: port2 }
  new Worker(new URL('./parent-watch.js', import.meta.url), { workerData, transferList: [port2] }).unref()
  return createCancellations(told, port1)
}

export function createCancellations(told: Int32Array, port: MessagePort): Cancellations {
  const left = new Set<number>()
  let seen = 0
  return {
    has(id) {
      const count = Atomics.load(told, 0)
      if (count !== seen) {
        seen = count
        // Ids rise and never come again: one that came too late for its request is of no more use.
        for (const past of left) if (past < id) left.delete(past)
        for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
          if (next.message >= id) left.add(next.message)
        }
      }
      return left.size > 0 && left.has(id)
    },
  }
}
