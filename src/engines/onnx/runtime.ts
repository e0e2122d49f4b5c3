/** The native ONNX Runtime that ships inside our package (scripts/copy-runtime.js). Loaded in the inference process only. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { InferenceSession, OnnxValue, Tensor, TensorConstructor } from 'onnxruntime-common'

/** An input or output as the runtime describes it; `shape` has -1 where `symbolicDimensions` has a name (or ''). */
export interface NativeValue {
  readonly name: string
  readonly isTensor: boolean
  readonly shape: readonly number[]
  readonly symbolicDimensions: readonly string[]
  /** TensorProto.DataType of the elements. */
  readonly type: number
}

/** The binding's synchronous session: half the cost of a small `InferenceSession.run`, which waits for a setImmediate. */
export interface NativeSession {
  loadModel(
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
    options: InferenceSession.SessionOptions,
  ): void
  readonly inputMetadata: readonly NativeValue[]
  readonly outputMetadata: readonly NativeValue[]
  run(
    feeds: Readonly<Record<string, OnnxValue>>,
    fetches: Readonly<Record<string, null>>,
    options: object,
  ): Record<string, Tensor>
  dispose(): void
}

export interface NativeRuntime {
  createSession(): NativeSession
  readonly Tensor: TensorConstructor
}

interface Binding {
  readonly binding: { readonly InferenceSession: new () => NativeSession }
  readonly initOrt: () => void
}

// From dist/src/engines/onnx/runtime.js.
const folder = fileURLToPath(new URL('../../../runtime/onnxruntime-node/', import.meta.url))

/** Whether a native runtime for this platform is in the package and could load here. */
export function hasRuntime(): boolean {
  const library = `${folder}bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`
  return existsSync(library) && (process.platform !== 'linux' || isGlibc())
}

/** The library is linked against glibc; on musl (Alpine) it exists but does not load. */
function isGlibc(): boolean {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime !== undefined
}

/** @throws Error from the dynamic loader where the library does not load. */
export function loadRuntime(): NativeRuntime {
  const require = createRequire(import.meta.url)
  const common = require('onnxruntime-common') as typeof import('onnxruntime-common')
  // What goes wrong in a run comes back as an exception; the runtime would print it as well, once per request.
  common.env.logLevel = 'fatal'
  const { binding, initOrt } = require(`${folder}dist/binding.js`) as Binding
  initOrt()
  return { createSession: () => new binding.InferenceSession(), Tensor: common.Tensor }
}
