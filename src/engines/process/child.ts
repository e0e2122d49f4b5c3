/** Main file of the inference process: opens graphs and runs them one after another, for the process at the other end of fd 3. */
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor, NamedAnyTensors } from '../../tensor/any-tensor.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import { openGraph } from '../onnx/open-graph.js'
import { openModel } from '../onnx/open-model.js'
import { loadRuntime, type NativeRuntime } from '../onnx/runtime.js'
import { withoutPaths } from '../onnx/runtime-error.js'
import { loadSavedModel } from '../tensorflow/saved-model.js'
import { createFrameReader, type Frame, writeFrame } from './frames.js'
import { type Answer, type OpenedSavedModel, type Request, unpackGraph } from './messages.js'

const parentId = Number(process.argv[2])
const intraOpThreads = Number(process.argv[3])

process.title = 'recserve-inference'
// Ctrl-C and a service manager signal the whole group; the parent drains, and ends us by closing the stream.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

/** As text some five times this: a second of a serving process' time. */
const maxAnswerBytes = 64 * 2 ** 20

/** What a session's `run` does; an opened ONNX graph checks itself that its feeds are numbers. */
interface ChildSession {
  run(request: RunRequest, tensors: NamedAnyTensors): NamedAnyTensors
  close(): void
}

type RunRequest = Request & { readonly kind: 'run' }

const sessions = new Map<number, ChildSession>()
let runtime: NativeRuntime | undefined

const stream = new Socket({ fd: 3 })
const waiting: Frame[] = []
const read = createFrameReader((frame) => waiting.push(frame))
stream.on('data', (chunk: Uint8Array) => {
  read(chunk)
  void answerWaiting()
})
stream.on('drain', () => void answerWaiting())
stream.on('error', () => process.exit(1))
// The parent has closed it, or has died.
stream.on('close', () => process.exit(0))

// The stream's end is not noticed while a graph runs, and one may run for ever: a thread watches too.
new Worker(new URL('./parent-watch.js', import.meta.url), { workerData: parentId }).unref()

let isAnswering = false

/** One at a time, and not before the last answer is out: a run blocks the loop that would write it. */
async function answerWaiting(): Promise<void> {
  if (isAnswering) return
  isAnswering = true
  while (waiting.length > 0 && !stream.writableNeedDrain) {
    const { header, tensors } = waiting.shift()!
    const request = header as Request
    // Only what reads files has to be waited for: a run is answered in the turn in which it came.
    if (request.kind === 'open_saved_model') await answer(request.id, () => openSavedModel(request))
    else if (request.kind === 'open_onnx_model') await answer(request.id, () => openOnnxModel(request))
    else answerNow(request.id, () => perform(request, tensors))
  }
  isAnswering = false
}

async function answer(id: number, work: () => Promise<OpenedSavedModel>): Promise<void> {
  try {
    writeFrame(stream, { kind: 'done', id, opened: await work() } satisfies Answer, {})
  } catch (error) {
    refuse(id, error)
  }
}

function answerNow(id: number, work: () => NamedAnyTensors): void {
  try {
    writeFrame(stream, { kind: 'done', id } satisfies Answer, work())
  } catch (error) {
    refuse(id, error)
  }
}

function refuse(id: number, error: unknown): void {
  const { code, message } = RecserveError.from(error)
  if (!(error instanceof RecserveError)) console.error(error)
  writeFrame(stream, { kind: 'failed', id, code, message } satisfies Answer, {})
}

function perform(
  request: Exclude<Request, { kind: 'open_saved_model' | 'open_onnx_model' }>,
  tensors: NamedAnyTensors,
): NamedAnyTensors {
  switch (request.kind) {
    case 'open': {
      runtime ??= load()
      const graph = openGraph(unpackGraph(request, tensors as NamedTensors), runtime, { intraOpThreads })
      sessions.set(request.session, {
        run: (_request, feeds) => graph.run(feeds as NamedTensors),
        close: () => graph.close(),
      })
      return {}
    }
    case 'run': {
      const session = sessions.get(request.session)
      if (!session) throw new Error(`a run of session ${request.session}, which is not open: this is a bug`)
      return checkSize(session.run(request, tensors))
    }
    case 'close':
      sessions.get(request.session)?.close()
      sessions.delete(request.session)
      return {}
  }
}

async function openOnnxModel(request: Request & { kind: 'open_onnx_model' }): Promise<OpenedSavedModel> {
  runtime ??= load()
  const model = await openModel(request, runtime, { intraOpThreads })
  const { inputs, outputs, ...rest } = model.signature
  sessions.set(request.session, {
    run: ({ outputs: wanted }, feeds) => model.run(feeds, wanted),
    close: () => model.close(),
  })
  return { signatures: [{ ...rest, inputs: [...inputs], outputs: [...outputs] }], unservable: [] }
}

async function openSavedModel(request: Request & { kind: 'open_saved_model' }): Promise<OpenedSavedModel> {
  const { directory, tags, checksums, lowering = true } = request
  const model = await loadSavedModel(directory, { tags, checksums, lowering, intraOpThreads })
  for (const reason of model.lowering?.refused ?? []) {
    console.error(
      `a part of '${directory}' runs on kernels, ONNX Runtime refuses it: ${withoutPaths(reason)}`,
    )
  }
  sessions.set(request.session, {
    run: ({ signature = '', outputs, budgetMs }, inputs) =>
      model.run(signature, inputs, {
        ...(outputs && { outputs }),
        ...(budgetMs !== undefined && { deadline: Date.now() + budgetMs }),
      }),
    close: () => model.close(),
  })
  return {
    signatures: [...model.signatures].map(([name, { methodName, inputs, outputs }]) => ({
      name,
      methodName,
      inputs: [...inputs],
      outputs: [...outputs],
    })),
    unservable: [...model.unservable].map(([name, { reason }]) => [name, reason]),
  }
}

/** A small request can ask for a huge answer (an outer product, a Range): it must not fill the serving process. */
function checkSize(answers: NamedAnyTensors): NamedAnyTensors {
  const bytes = Object.values(answers).reduce((sum, value) => sum + byteLengthOf(value), 0)
  if (bytes <= maxAnswerBytes) return answers
  throw new RecserveError(
    'resource_exhausted',
    `the answer has ${bytes} bytes, more than the ${maxAnswerBytes} an answer may have; ask for fewer rows at a time`,
  )
}

const byteLengthOf = ({ data }: AnyTensor): number => ('offsets' in data ? data.bytes : data).byteLength

function load(): NativeRuntime {
  try {
    return loadRuntime()
  } catch (error) {
    const why = error instanceof Error ? withoutPaths(error.message) : ''
    throw new RecserveError('failed_precondition', `ONNX Runtime does not load on this machine: ${why}`)
  }
}
