/** An ONNX model opened in this process as one signature. Step 6 of the walk, on the inference process' side. */
import type { Tensor as NativeTensor } from 'onnxruntime-common'
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec, TensorSpec } from '../../core/signature.js'
import { onnxTypeNames } from '../../formats/onnx/type-names.js'
import type { AnyTensor, NamedAnyTensors } from '../../tensor/any-tensor.js'
import { typedArrays } from '../../tensor/dtype.js'
import { decodeFloat16, encodeFloat16 } from '../../tensor/float16.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'
import type { OnnxFiles } from '../engine.js'
import { checkFeeds } from './feeds.js'
import { readModelFiles } from './model-files.js'
import { loadNative } from './open-graph.js'
import type { NativeRuntime, NativeSession, NativeValue } from './runtime.js'
import { toRunError } from './runtime-error.js'
import type { Threads } from './threads.js'

export interface OpenedModel {
  readonly signature: SignatureSpec
  /**
   * Blocks until done; all outputs without `outputs`.
   * @throws RecserveError `invalid_argument` or `internal`
   */
  run(inputs: NamedAnyTensors, outputs: readonly string[] | undefined): NamedAnyTensors
  close(): void
}

/** @throws RecserveError as `readModelFiles`; `failed_precondition` where the runtime refuses the model; `unimplemented` for dtypes no request can hold */
export async function openModel(
  files: OnnxFiles,
  runtime: NativeRuntime,
  options: { readonly threads: Threads },
): Promise<OpenedModel> {
  const { onnx, external } = await readModelFiles(files)
  const native = named(files, () =>
    loadNative(onnx, runtime, {
      ...options,
      externalData: external,
      // What the runtime looks for itself (weights of inner graphs) it finds there and nowhere else.
      externalFolder: files.directory,
    }),
  )
  try {
    return named(files, () => toModel(native, runtime))
  } catch (error) {
    native.dispose()
    throw error
  }
}

/** Reasons name the file that they are of. */
function named<T>({ file }: OnnxFiles, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RecserveError)) throw error
    throw new RecserveError(error.code, `${file}: ${error.message}`, { cause: error })
  }
}

function toModel(native: NativeSession, runtime: NativeRuntime): OpenedModel {
  const { inputMetadata: inputs, outputMetadata } = native
  const signature = {
    name: 'serving_default',
    methodName: 'tensorflow/serving/predict',
    inputs: toSpecs('input', inputs),
    outputs: toSpecs('output', outputMetadata),
  }
  const fetches = Object.fromEntries(outputMetadata.map(({ name }) => [name, null]))
  return {
    signature,
    run(given, wanted) {
      const aliases = wanted ?? [...signature.outputs.keys()]
      checkOutputs(signature, aliases)
      // Whatever is no tensor of numbers has a dtype that no input has.
      checkFeeds(inputs, given as NamedTensors, () => false)
      const feeds = Object.fromEntries(inputs.map(({ name }) => [name, toNative(given[name]!, runtime)]))
      const values = runNative(native, feeds, fetches)
      return Object.fromEntries(aliases.map((alias) => [alias, fromNative(values[alias]!)]))
    },
    close: () => native.dispose(),
  }
}

function toSpecs(what: string, values: readonly NativeValue[]): ReadonlyMap<string, TensorSpec> {
  return new Map(
    values.map((value) => {
      const { name, shape } = value
      const dtype = dtypeOf(value)
      if (!Object.hasOwn(typedArrays, dtype) && dtype !== 'float16') {
        throw new RecserveError('unimplemented', `the ${what} '${name}' is ${dtype}, which is not served`)
      }
      // The binding describes a scalar and a value of unknown rank alike.
      return [name, { name, dtype, shape: shape.length === 0 ? undefined : shape.map(toSize) }]
    }),
  )
}

const toSize = (size: number) => (size < 0 ? -1 : size)

function dtypeOf({ isTensor, type }: NativeValue): string {
  if (!isTensor) return 'no tensor (a sequence, map or optional)'
  return onnxTypeNames[type] ?? `of element type ${type}`
}

function checkOutputs({ outputs }: SignatureSpec, wanted: readonly string[]): void {
  for (const [i, alias] of wanted.entries()) {
    const known = [...outputs.keys()].join(', ')
    if (!outputs.has(alias)) throw invalid(`there is no output '${alias}' (outputs: ${known})`)
    if (wanted.indexOf(alias) !== i) throw invalid(`the output '${alias}' is asked for twice`)
  }
}

function toNative({ dtype, shape, data }: AnyTensor, { Tensor }: NativeRuntime): NativeTensor {
  const values = dtype === 'float16' ? encodeFloat16(data as Float32Array) : data
  return new Tensor(dtype as 'float32', values as Float32Array, shape)
}

function fromNative({ type, dims, data }: NativeTensor): AnyTensor {
  if (type !== 'float16') return { dtype: type, shape: dims, data } as AnyTensor
  // From Node.js 24 on the binding answers a Float16Array.
  const halves: unknown = data
  const values =
    halves instanceof Uint16Array ? decodeFloat16(halves) : Float32Array.from(halves as ArrayLike<number>)
  return { dtype: 'float16', shape: dims, data: values } as Tensor<'float16'>
}

function runNative(native: NativeSession, ...[feeds, fetches]: RunArguments): Record<string, NativeTensor> {
  try {
    return native.run(feeds, fetches, {})
  } catch (error) {
    throw toRunError(error)
  }
}

type RunArguments = [Parameters<NativeSession['run']>[0], Parameters<NativeSession['run']>[1]]

function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}
