/** An ONNX graph opened in this process, for pieces of a SavedModel. */
import type { DataType } from '../../../tensor/dtype.js'
import type { Tensor } from '../../../tensor/tensor.js'
import { hasRuntime, loadRuntime, type NativeRuntime } from '../../onnx/runtime.js'
import type { AnyTensor } from '../op.js'

export type NativeTensor = InstanceType<NativeRuntime['Tensor']>

export interface PieceSession {
  run(feeds: Readonly<Record<string, NativeTensor>>): readonly Tensor[]
  close(): void
}

export interface PieceRuntime {
  open(model: Uint8Array, outputs: readonly string[]): PieceSession
  toNative(value: AnyTensor): NativeTensor
}

let shared: NativeRuntime | undefined

/** Undefined where there is no runtime for this platform, or it does not load. */
export function openPieceRuntime(intraOpThreads: number): PieceRuntime | undefined {
  try {
    if (!hasRuntime()) return undefined
    shared ??= loadRuntime()
  } catch {
    return undefined
  }
  const runtime = shared
  return {
    open: (model, outputs) => openSession(runtime, { model, outputs, intraOpThreads }),
    toNative: ({ dtype, data, shape }) => new runtime.Tensor(dtype as DataType, data as never, shape),
  }
}

interface Opening {
  readonly model: Uint8Array
  readonly outputs: readonly string[]
  readonly intraOpThreads: number
}

function openSession(runtime: NativeRuntime, { model, outputs, intraOpThreads }: Opening): PieceSession {
  const native = runtime.createSession()
  native.loadModel(model.buffer, model.byteOffset, model.byteLength, {
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    // Memory is kept between runs: fetching it anew doubles the time of a run of 50,000 rows (bench/saved-model.ts).
    enableCpuMemArena: true,
    logSeverityLevel: 4,
    // Every session has its own threads: without this they burn a core each between runs.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
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
