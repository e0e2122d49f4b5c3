/** An ONNX graph opened in this process, for pieces of a SavedModel. */
import type { DataType } from '../../../tensor/dtype.js'
import type { Tensor } from '../../../tensor/tensor.js'
import { hasRuntime, loadRuntime, type NativeRuntime } from '../../onnx/runtime.js'
import { type Threads, toSessionThreads } from '../../onnx/threads.js'
import type { AnyTensor } from '../op.js'
import type { PieceWeights } from './piece-weights.js'

export type NativeTensor = InstanceType<NativeRuntime['Tensor']>

export interface PieceSession {
  run(feeds: Readonly<Record<string, NativeTensor>>): readonly Tensor[]
  close(): void
}

export interface PieceRuntime {
  open(model: Uint8Array, options: PieceSessionOptions): PieceSession
  toNative(value: AnyTensor): NativeTensor
}

export interface PieceSessionOptions extends Partial<Pick<PieceWeights, 'inMemory' | 'folder'>> {
  readonly outputs: readonly string[]
}

let shared: NativeRuntime | undefined

/** Undefined where there is no runtime for this platform, or it does not load. */
export function openPieceRuntime(threads: Threads): PieceRuntime | undefined {
  try {
    if (!hasRuntime()) return undefined
    shared ??= loadRuntime()
  } catch {
    return undefined
  }
  const runtime = shared
  return {
    open: (model, options) => openSession(runtime, { model, threads, ...options }),
    toNative: ({ dtype, data, shape }) => new runtime.Tensor(dtype as DataType, data as never, shape),
  }
}

interface Opening extends PieceSessionOptions {
  readonly model: Uint8Array
  readonly threads: Threads
}

function openSession(runtime: NativeRuntime, opening: Opening): PieceSession {
  const { model, outputs, inMemory = [], folder, threads } = opening
  const native = runtime.createSession()
  native.loadModel(model.buffer, model.byteOffset, model.byteLength, {
    ...toSessionThreads(threads),
    // Memory is kept between runs: fetching it anew doubles the time of a run of 50,000 rows (bench/saved-model.ts).
    enableCpuMemArena: true,
    logSeverityLevel: 4,
    // Every session has its own threads: without this they burn a core each between runs.
    externalData: inMemory,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        // Weights that are not in `externalData` are mapped from there.
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
      },
    },
  })
  const fetches = Object.fromEntries(outputs.map((name) => [name, null]))
  return {
    run: (feeds) => {
      const results = native.run(feeds, fetches, {})
      return outputs.map((name) => {
        const { type, dims, data } = results[name]!
        return { dtype: type as DataType, shape: dims, data: data as Tensor['data'] }
      })
    },
    close: () => native.dispose(),
  }
}
