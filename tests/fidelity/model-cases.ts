/** Recorded requests to SavedModels (shared/fixtures/tensorflow/README.md, "Format"): run, and compared. */
import { RecserveError } from '../../src/core/errors.js'
import type { LoadedModel } from '../../src/engines/tensorflow/saved-model.js'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'
import { compareTensors, toAnyTensor } from './op-cases.js'
import type { RecordedTensor } from './recorded-op.js'

export interface ModelCase {
  readonly signature: string
  readonly version?: number
  readonly tags?: readonly string[]
  readonly inputs: Readonly<Record<string, RecordedTensor>>
  readonly outputs?: Readonly<Record<string, RecordedTensor>>
  readonly error?: { readonly code: string; readonly message: string | null }
  readonly note?: string
}

export interface ModelCases {
  readonly tags: readonly string[]
  readonly stateful?: boolean
  readonly note?: string
  readonly cases: readonly ModelCase[]
  readonly errors?: readonly ModelCase[]
}

/** Stands for TensorFlow's code where the recorder could not read a message that quotes bytes. */
const unreadableRefusal = 'UnicodeDecodeError'

/** What is wrong with the model's answer to a case; undefined where nothing is. */
export function faultOf(
  model: LoadedModel,
  {
    signature,
    inputs,
    outputs,
    error,
  }: Pick<ModelCase, 'signature' | 'inputs'> & {
    outputs: ModelCase['outputs'] | undefined
    error: ModelCase['error'] | undefined
  },
  isLoose: boolean,
): string | undefined {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([alias, value]) => [alias, toAnyTensor(value)]),
  )
  let answers: Readonly<Record<string, AnyTensor>>
  try {
    answers = model.run(signature, feeds)
  } catch (thrown) {
    if (!(thrown instanceof RecserveError)) throw thrown
    if (error?.code.toLowerCase() === thrown.code || error?.code === unreadableRefusal) return undefined
    const cause = thrown.cause instanceof Error ? thrown.cause.stack?.split('\n').slice(0, 3).join(' ') : ''
    return `refuses: ${thrown.code} ${thrown.message} ${cause}${error ? ` (TensorFlow: ${error.code} ${error.message})` : ''}`
  }
  if (error) return `answers where TensorFlow refuses: ${error.code} ${error.message}`
  const expected = Object.entries(outputs ?? {})
  if (expected.length !== Object.keys(answers).length) return `outputs ${Object.keys(answers)}`
  for (const [alias, value] of expected) {
    const wanted = toAnyTensor(value)
    const found = compareTensors(answers[alias]!, wanted)
    if (found && !isNear(answers[alias]!, wanted, isLoose)) return `${alias}: ${found}`
  }
  return undefined
}

/** As near as 16-bit compute allows; else as DESIGN 4 has it, the largest value of the tensor being the measure. */
function isNear(actual: AnyTensor, expected: AnyTensor, isLoose: boolean): boolean {
  if (actual.dtype !== expected.dtype || `${actual.shape}` !== `${expected.shape}`) return false
  if (expected.dtype === 'string' || (expected.dtype !== 'float32' && !isLoose)) return false
  const wanted = Array.from(expected.data as ArrayLike<number | bigint>, Number)
  const [relative, absolute] = isLoose ? [2e-2, 2e-2] : [1e-5, 1e-6]
  const margin = absolute * Math.max(1, ...wanted.filter(Number.isFinite).map(Math.abs))
  const values = Array.from(actual.data as ArrayLike<number | bigint>, Number)
  return values.every(
    (value, i) =>
      Object.is(value, wanted[i]) || Math.abs(value - wanted[i]!) <= relative * Math.abs(wanted[i]!) + margin,
  )
}
