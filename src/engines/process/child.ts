/** Main file of the inference process: opens graphs and runs them one after another, for the process at the other end of fd 3. */
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { RecserveError } from '../../core/errors.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import { type OpenedGraph, openGraph } from '../onnx/open-graph.js'
import { loadRuntime, type NativeRuntime } from '../onnx/runtime.js'
import { withoutPaths } from '../onnx/runtime-error.js'
import { createFrameReader, type Frame, writeFrame } from './frames.js'
import { type Answer, type Request, unpackGraph } from './messages.js'

const parentId = Number(process.argv[2])
const intraOpThreads = Number(process.argv[3])

process.title = 'recserve-inference'
// Ctrl-C and a service manager signal the whole group; the parent drains, and ends us by closing the stream.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const sessions = new Map<number, OpenedGraph>()
let runtime: NativeRuntime | undefined

const stream = new Socket({ fd: 3 })
const waiting: Frame[] = []
const read = createFrameReader((frame) => waiting.push(frame))
stream.on('data', (chunk: Uint8Array) => {
  read(chunk)
  answerWaiting()
})
stream.on('drain', answerWaiting)
stream.on('error', () => process.exit(1))
// The parent has closed it, or has died.
stream.on('close', () => process.exit(0))

// The stream's end is not noticed while a graph runs, and one may run for ever: a thread watches too.
new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: parentId }).unref()

/** One at a time, and not before the last answer is out: a run blocks the loop that would write it. */
function answerWaiting(): void {
  while (waiting.length > 0 && !stream.writableNeedDrain) {
    const { header, tensors } = waiting.shift()!
    answer(header as Request, tensors)
  }
}

function answer(request: Request, tensors: NamedTensors): void {
  const { id } = request
  try {
    writeFrame(stream, { kind: 'done', id } satisfies Answer, perform(request, tensors))
  } catch (error) {
    const { code, message } = RecserveError.from(error)
    if (!(error instanceof RecserveError)) console.error(error)
    writeFrame(stream, { kind: 'failed', id, code, message } satisfies Answer, {})
  }
}

function perform(request: Request, tensors: NamedTensors): NamedTensors {
  switch (request.kind) {
    case 'open':
      runtime ??= load()
      sessions.set(request.session, openGraph(unpackGraph(request, tensors), runtime, { intraOpThreads }))
      return {}
    case 'run': {
      const session = sessions.get(request.session)
      if (!session) throw new Error(`a run of session ${request.session}, which is not open: this is a bug`)
      return session.run(tensors)
    }
    case 'close':
      sessions.get(request.session)?.close()
      sessions.delete(request.session)
      return {}
  }
}

function load(): NativeRuntime {
  try {
    return loadRuntime()
  } catch (error) {
    const why = error instanceof Error ? withoutPaths(error.message) : ''
    throw new RecserveError('failed_precondition', `ONNX Runtime does not load on this machine: ${why}`)
  }
}
