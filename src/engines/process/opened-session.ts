/** What the inference process has open, and how each kind of it is opened. */
import { RecserveError } from '../../core/errors.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import type { Placement } from '../engine.js'
import { openGraph } from '../onnx/open-graph.js'
import { openModel } from '../onnx/open-model.js'
import { loadRuntime, type NativeRuntime } from '../onnx/runtime.js'
import { withoutPaths } from '../onnx/runtime-error.js'
import type { Threads } from '../onnx/threads.js'
import type { LoweringReport } from '../tensorflow/lowering/model-lowering.js'
import type { LoadedModel } from '../tensorflow/saved-model.js'
import { type OpenedModel, type Request, unpackGraph } from './messages.js'

export type RunRequest = Request & { readonly kind: 'run' }

/** What a run looks at to see whether anybody still waits for it. */
export type Caller = Pick<AbortSignal, 'aborted' | 'reason'>

export interface OpenedSession {
  /**
   * Blocks until done. An opened ONNX graph checks itself that its feeds are numbers.
   * @throws RecserveError whatever the graph refuses; the caller's reason where it has left and the graph can be interrupted
   */
  run(request: RunRequest, tensors: NamedAnyTensors, caller: Caller): NamedAnyTensors
  /** What can be specialised for a catalogue. */
  readonly model?: LoadedModel
  close(): void
}

export interface Opened {
  readonly session: OpenedSession
  /** What can be asked of a model of signatures. */
  readonly model: OpenedModel
}

let runtime: NativeRuntime | undefined

/** A graph that the serving process has built. @throws RecserveError as `openGraph` */
export function openBuiltGraph(
  request: Request & { readonly kind: 'open' },
  tensors: NamedAnyTensors,
  threads: Threads,
): OpenedSession {
  runtime ??= load()
  const graph = openGraph(unpackGraph(request, tensors as NamedTensors), runtime, { threads })
  return { run: (_request, feeds) => graph.run(feeds as NamedTensors), close: () => graph.close() }
}

/** @throws RecserveError as `openModel` of an ONNX file */
export async function openOnnxModel(
  request: Request & { readonly kind: 'open_onnx_model' },
  threads: Threads,
): Promise<Opened> {
  runtime ??= load()
  const model = await openModel(request, runtime, { threads })
  const { inputs, outputs, ...rest } = model.signature
  return {
    session: {
      run: ({ outputs: wanted }, feeds) => model.run(feeds, wanted),
      close: () => model.close(),
    },
    model: { signatures: [{ ...rest, inputs: [...inputs], outputs: [...outputs] }], unservable: [] },
  }
}

/** @throws RecserveError as `loadSavedModel` */
export async function openSavedModel(
  request: Request & { readonly kind: 'open_saved_model' },
  threads: Threads,
): Promise<Opened> {
  // Half of the time that this process takes to start, which processes of other graphs save.
  const { loadSavedModel } = await import('../tensorflow/saved-model.js')
  const { directory, tags, checksums, lowering = true, immutable = false } = request
  const model = await loadSavedModel(directory, { tags, checksums, lowering, immutable, threads })
  for (const reason of model.lowering?.refused ?? []) {
    console.error(
      `a part of '${directory}' runs on kernels, ONNX Runtime refuses it: ${withoutPaths(reason)}`,
    )
  }
  const signatures = [...model.signatures].map(([name, { methodName, inputs, outputs }]) => ({
    name,
    methodName,
    inputs: [...inputs],
    outputs: [...outputs],
    ...(model.writes(name) && { writes: true }),
    ...(model.whyNotRowWise(name) === undefined && { rowWise: true }),
    ...(model.derived(name).length > 0 && { derived: model.derived(name) }),
  }))
  return {
    session: {
      run: ({ signature = '', outputs, budgetMs }, inputs, signal) =>
        model.run(signature, inputs, {
          signal,
          ...(outputs && { outputs }),
          ...(budgetMs !== undefined && { deadline: Date.now() + budgetMs }),
        }),
      model,
      close: () => model.close(),
    },
    model: {
      signatures,
      specialises: true,
      unservable: [...model.unservable].map(([name, { reason }]) => [name, reason]),
      ...(model.lowering && { placement: toPlacement(model.lowering) }),
    },
  }
}

const toPlacement = ({ pieces, stepsLowered, kept, refused }: LoweringReport): Placement => ({
  pieces,
  nodes: stepsLowered,
  kernels: [...kept],
  refused: refused.map(withoutPaths),
})

function load(): NativeRuntime {
  try {
    return loadRuntime()
  } catch (error) {
    const why = error instanceof Error ? withoutPaths(error.message) : ''
    throw new RecserveError('failed_precondition', `ONNX Runtime does not load on this machine: ${why}`)
  }
}
