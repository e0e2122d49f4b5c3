/** Main file of an inference process: opens graphs and runs them one after another, for the process at the other end of fd 3. */
import { Socket } from 'node:net'
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor, NamedAnyTensors } from '../../tensor/any-tensor.js'
import { watchParent } from './cancellations.js'
import { createFrameReader, type Frame, writeFrame } from './frames.js'
import type { Answer, Request } from './messages.js'
import { openCatalogue } from './opened-catalogue.js'
import {
  type Caller,
  type Opened,
  type OpenedSession,
  openBuiltGraph,
  openOnnxModel,
  openSavedModel,
  type RunRequest,
} from './opened-session.js'

const threads = { intraOpThreads: Number(process.argv[2]), interOpThreads: Number(process.argv[3]) }

process.title = 'recserve-inference'
// Ctrl-C and a service manager signal the whole group; the parent drains, and ends us by closing the stream.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

/** As text some five times this: a second of a serving process' time. */
const maxAnswerBytes = 64 * 2 ** 20

const sessions = new Map<number, OpenedSession>()

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

// Neither the stream's end nor anything on it is noticed while a graph runs, and one may run for ever: a thread watches too.
const cancellations = watchParent()

let isAnswering = false

/** One at a time, and not before the last answer is out: a run blocks the loop that would write it. */
async function answerWaiting(): Promise<void> {
  if (isAnswering) return
  isAnswering = true
  while (waiting.length > 0 && !stream.writableNeedDrain) {
    const { header, tensors } = waiting.shift()!
    const request = header as Request
    // Only what reads files has to be waited for: a run is answered in the turn in which it came.
    if (request.kind === 'open_saved_model') await answerOpen(request, openSavedModel(request, threads))
    else if (request.kind === 'open_onnx_model') await answerOpen(request, openOnnxModel(request, threads))
    else if (request.kind === 'specialise') await answerOpen(request, specialise(request, tensors))
    else answerNow(request, tensors)
  }
  isAnswering = false
}

async function answerOpen({ id, session }: Request, opening: Promise<Opened>): Promise<void> {
  try {
    const opened = await opening
    sessions.set(session, opened.session)
    answer({ kind: 'done', id, opened: opened.model })
  } catch (error) {
    refuse(id, error)
  }
}

async function specialise(
  request: Request & { readonly kind: 'specialise' },
  items: NamedAnyTensors,
): Promise<Opened> {
  const model = sessions.get(request.model)?.model
  // After a restart in which the model could not be opened again.
  if (!model)
    throw new RecserveError('unavailable', 'the model of this catalogue is not open; try again later')
  return openCatalogue(model, request, items)
}

function answerNow(request: ImmediateRequest, tensors: NamedAnyTensors): void {
  try {
    answer({ kind: 'done', id: request.id }, perform(request, tensors))
  } catch (error) {
    refuse(request.id, error)
  }
}

function refuse(id: number, error: unknown): void {
  const { code, message } = RecserveError.from(error)
  if (!(error instanceof RecserveError)) console.error(error)
  answer({ kind: 'failed', id, code, message })
}

function answer(header: Answer, tensors: NamedAnyTensors = {}): void {
  writeFrame(stream, header, tensors)
}

type ImmediateRequest = Exclude<Request, { kind: 'open_saved_model' | 'open_onnx_model' | 'specialise' }>

function perform(request: ImmediateRequest, tensors: NamedAnyTensors): NamedAnyTensors {
  switch (request.kind) {
    case 'open':
      sessions.set(request.session, openBuiltGraph(request, tensors, threads))
      return {}
    case 'run':
      return run(request, tensors)
    case 'close':
      sessions.get(request.session)?.close()
      sessions.delete(request.session)
      return {}
  }
}

function run(request: RunRequest, tensors: NamedAnyTensors): NamedAnyTensors {
  const session = sessions.get(request.session)
  if (!session) throw new Error(`a run of session ${request.session}, which is not open: this is a bug`)
  const caller = callerOf(request.id)
  if (caller.aborted) throw caller.reason
  return checkSize(session.run(request, tensors, caller))
}

function callerOf(id: number): Caller {
  return {
    get aborted() {
      return cancellations.has(id)
    },
    get reason() {
      return new RecserveError('cancelled', 'the caller has left')
    },
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
