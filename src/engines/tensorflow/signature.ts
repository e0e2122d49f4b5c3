/** A signature's inputs and outputs by alias, and the checks that TensorFlow Serving makes of a request. */
import { RecserveError } from '../../core/errors.js'
import type { SignatureDef, TensorInfo } from '../../formats/tensorflow/graph.js'
import { toTensor } from '../../formats/tensorflow/tensor-proto.js'
import { toShape } from '../../formats/tensorflow/tensor-shape.js'
import type { AnyTensor } from './op.js'

export interface SignatureTensor {
  readonly dtype: TensorInfo['dtype']
  /** As declared, never checked: undefined for an unknown rank, -1 for an unknown size. */
  readonly shape: readonly number[] | undefined
  /** The tensor in the graph. */
  readonly name: string
}

export interface Signature {
  readonly inputs: ReadonlyMap<string, SignatureTensor>
  readonly outputs: ReadonlyMap<string, SignatureTensor>
  readonly methodName: string
  /** Values of inputs that a request may leave out. */
  readonly defaults: ReadonlyMap<string, AnyTensor>
}

const fileName = 'saved_model.pb'

/** @throws RecserveError `data_loss` for a shape or a default that is broken */
export function toSignature({ inputs, outputs, methodName, defaults }: SignatureDef): Signature {
  const toTensors = (infos: ReadonlyMap<string, TensorInfo>) =>
    new Map(
      sorted(infos).map(([alias, { name, dtype, shape }]) => [
        alias,
        { name, dtype, shape: toShape(shape, fileName) },
      ]),
    )
  return {
    inputs: toTensors(inputs),
    outputs: toTensors(outputs),
    methodName,
    defaults: new Map(
      sorted(defaults).map(([alias, proto]) => [
        alias,
        toTensor(proto, { name: fileName, what: `the default of the input '${alias}'` }),
      ]),
    ),
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** The feeds in the order of the signature's inputs, defaults filled in; shapes are for the kernels to check. */
export function toFeeds(
  { inputs, defaults }: Signature,
  given: Readonly<Record<string, AnyTensor>>,
): readonly AnyTensor[] {
  checkAliases([...inputs.keys()], Object.keys(given), [...defaults.keys()])
  return [...inputs].map(([alias, { dtype, name }], index) => {
    const value = (Object.hasOwn(given, alias) ? given[alias] : undefined) ?? defaults.get(alias)
    if (value === undefined) {
      const known = `Inputs expected to be in the request ${setText([...inputs.keys()])}, or default input alias set: ${defaultsText(defaults)}`
      const text = `Signature input alias: ${alias}(feed name: ${name}) not found in request and no default value provided.`
      throw invalid(`${text} ${known}`)
    }
    if (value.dtype === dtype) return value
    const types = `Expects arg[${index}] to be ${typeText(dtype)} but ${typeText(value.dtype)} is provided`
    throw invalid(`Input '${alias}' has the wrong dtype. ${types}`)
  })
}

function checkAliases(wanted: readonly string[], sent: readonly string[], defaults: readonly string[]): void {
  const extra = sent.filter((alias) => !wanted.includes(alias))
  const lacking = wanted.filter((alias) => !sent.includes(alias) && !defaults.includes(alias))
  const most = wanted.length
  if (extra.length === 0 && (lacking.length === 0 || sent.length === most)) return
  // With as many as are wanted but not the same ones, the alias that is missing is named instead.
  if (sent.length === most && lacking.length > 0) return
  const sizes = `${sent.length}!=${most} len(${setText(sent)}) != len(${setText(wanted)})`
  const faults = `Sent extra: ${setText(extra)}. Missing but required: ${setText(lacking)}.`
  throw invalid(`input size does not match signature: ${sizes}. ${faults}`)
}

/** @throws RecserveError `invalid_argument` for an alias that is no output, or is there twice */
export function checkOutputs({ outputs }: Signature, wanted: readonly string[]): void {
  for (const [i, alias] of wanted.entries()) {
    if (!outputs.has(alias)) {
      const known = `Outputs expected to be in the set ${setText([...outputs.keys()])}.`
      throw invalid(`output tensor alias not found in signature: ${alias} ${known}`)
    }
    if (wanted.indexOf(alias) !== i) throw invalid(`duplicate output tensor alias: ${alias}`)
  }
}

const setText = (aliases: readonly string[]) => `{${[...aliases].sort().join(',')}}`
const defaultsText = (defaults: ReadonlyMap<string, unknown>) => [...defaults.keys()].join(',')

/** As `DataTypeString` names them. */
export function typeText(dtype: string): string {
  return typeNames[dtype] ?? dtype
}

const typeNames: Readonly<Record<string, string>> = { float32: 'float', float64: 'double', float16: 'half' }

function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}
