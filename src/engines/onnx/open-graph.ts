/** A graph opened in this process: ONNX Runtime, then host ops. Step 6 of the walk, on the inference process' side. */
import { RecserveError } from '../../core/errors.js'
import { onnxTypes } from '../../formats/onnx/model.js'
import type { DataType, TypedArray } from '../../tensor/dtype.js'
import { typedArrays } from '../../tensor/dtype.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'
import type { Graph, HostOpNode } from '../engine.js'
import type { HostOp } from '../host-ops/host-op.js'
import { hostOps } from '../host-ops/table.js'
import { checkFeeds } from './feeds.js'
import type { NativeRuntime, NativeSession } from './runtime.js'
import { toRunError, withoutPaths } from './runtime-error.js'
import { type Threads, toSessionThreads } from './threads.js'

export interface OpenedGraph {
  /** Blocks until done. @throws RecserveError `invalid_argument` or `internal`. */
  run(feeds: NamedTensors): NamedTensors
  close(): void
}

interface HostOpCall extends HostOpNode {
  readonly kernel: HostOp
}

/** @throws RecserveError `failed_precondition` when the runtime refuses the graph or we cannot run it. */
export function openGraph(
  graph: Graph,
  runtime: NativeRuntime,
  options: { readonly threads: Threads },
): OpenedGraph {
  // `run` must not hold on to the graph: its bytes may be gigabytes.
  const { outputs } = graph
  const calls = graph.hostOps.map(toCall)
  const { keepsMemory = false } = graph
  const native = loadNative(graph.onnx, runtime, { ...options, keepsMemory })
  for (const { name, type } of native.outputMetadata) checkDtype(name, type)
  checkOutputs(graph, native)
  // All of them, in order: given some, older bindings mix up their names.
  const fetches = Object.fromEntries(native.outputMetadata.map(({ name }) => [name, null]))
  const inputs = native.inputMetadata
  const graphInputs = new Set(inputs.map(({ name }) => name))
  const hostInputs = new Set(calls.flatMap((call) => call.inputs))

  function run(feeds: NamedTensors): NamedTensors {
    checkFeeds(inputs, feeds, (name) => hostInputs.has(name))
    const values = new Map(Object.entries(feeds))
    const natives = [...graphInputs].map((name) => {
      const { dtype, data, shape } = feeds[name]!
      return [name, new runtime.Tensor(dtype, data as never, shape)] as const
    })
    for (const [name, value] of Object.entries(runNative(native, Object.fromEntries(natives), fetches))) {
      values.set(name, value)
    }
    for (const call of calls) runCall(call, values)
    return Object.fromEntries(outputs.map((name) => [name, values.get(name)!]))
  }

  return { run, close: () => native.dispose() }
}

function toCall(node: HostOpNode): HostOpCall {
  const kernel = hostOps.find(({ name }) => name === node.op)
  if (!kernel) throw new RecserveError('failed_precondition', `there is no host op '${node.op}'`)
  // Copied: they came as views of a frame that also holds the graph's bytes, which would stay with them.
  const constants = Object.entries(node.constants ?? {}).map(
    ([name, value]) => [name, { ...value, data: value.data.slice() }] as const,
  )
  return { ...node, kernel, constants: Object.fromEntries(constants) }
}

export interface NativeOptions {
  readonly threads: Threads
  /** Weights that lie beside the model, by the location it gives. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[]
  /** Where weights lie that are not in `externalData`. */
  readonly externalFolder?: string
  /** As `Graph.keepsMemory`. */
  readonly keepsMemory?: boolean
}

/** @throws RecserveError `failed_precondition` when the runtime refuses the model. */
export function loadNative(
  onnx: Uint8Array,
  runtime: NativeRuntime,
  { threads, externalData = [], externalFolder, keepsMemory = false }: NativeOptions,
): NativeSession {
  const folder = externalFolder && { model_external_initializers_file_folder_path: externalFolder }
  const native = runtime.createSession()
  try {
    native.loadModel(onnx.buffer, onnx.byteOffset, onnx.byteLength, {
      ...toSessionThreads(threads),
      externalData,
      // Shards of an exact search would keep 250 MB, and nothing would be faster.
      enableCpuMemArena: keepsMemory,
      logSeverityLevel: 4,
      // Every session has its own threads: without this they burn a core each between runs.
      extra: { session: { intra_op: { allow_spinning: '0' }, ...folder } },
    })
    return native
  } catch (error) {
    const why = error instanceof Error ? withoutPaths(error.message) : ''
    throw new RecserveError('failed_precondition', `the runtime refuses the graph: ${why}`, { cause: error })
  }
}

const dtypesByType = new Map(Object.entries(onnxTypes).map(([dtype, type]) => [type, dtype as DataType]))

function checkDtype(name: string, type: number): void {
  if (dtypesByType.has(type)) return
  throw new RecserveError(
    'failed_precondition',
    `output '${name}' has element type ${type}, which cannot be answered`,
  )
}

function runNative(
  native: NativeSession,
  feeds: Parameters<NativeSession['run']>[0],
  fetches: Readonly<Record<string, null>>,
): NamedTensors {
  try {
    const values = Object.entries(native.run(feeds, fetches, {}))
    return Object.fromEntries(
      values.map(([name, { type, dims, data }]) => [name, toTensor(type, dims, data)]),
    )
  } catch (error) {
    throw toRunError(error)
  }
}

function toTensor(type: string, shape: readonly number[], data: unknown): Tensor {
  if (!Object.hasOwn(typedArrays, type)) throw new Error(`an output of type ${type}: this is a bug`)
  return { dtype: type as DataType, shape, data: data as TypedArray }
}

function runCall(call: HostOpCall, values: Map<string, Tensor>): void {
  const inputs = call.inputs.map((name) => call.constants?.[name] ?? values.get(name))
  for (const [i, output] of call.kernel.run(inputs).entries()) {
    const name = call.outputs[i]
    if (name) values.set(name, output)
  }
}

function checkOutputs(graph: Graph, native: NativeSession): void {
  const written = [
    ...native.outputMetadata.map(({ name }) => name),
    ...graph.hostOps.flatMap((node) => node.outputs),
  ]
  const missing = graph.outputs.find((name) => !written.includes(name))
  if (missing === undefined) return
  throw new RecserveError(
    'failed_precondition',
    `the graph has no output '${missing}' (outputs: ${written.join(', ')})`,
  )
}
