/** Why the values of a feature are refused, in TensorFlow's words (core/util/example_proto_fast_parsing.cc). */
import type { RecserveError } from '../../../../core/errors.js'
import type { FeatureType } from '../../../../formats/tensorflow/feature-list.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import { invalid } from '../array/arguments.js'
import { textOf } from '../string/arguments.js'
import type { DenseSpec, FeatureSpec } from './feature-spec.js'
import type { Messages } from './messages.js'

/** Each makes the refusal of what is found in one row. */
export interface Refusals {
  readonly type: (row: number, found: FeatureType) => RecserveError
  readonly bytes: (row: number) => RecserveError
  readonly absent: (row: number) => RecserveError
  /** Values that are too few or too many for a dense feature. */
  readonly count: (row: number, count: number) => RecserveError
}

/** TensorFlow's names of the dtypes. */
const typeNames: Readonly<Record<FeatureType, string>> = {
  string: 'string',
  float32: 'float',
  int64: 'int64',
}

/** Words for values of a dtype. */
const valueNames: Readonly<Record<FeatureType, string>> = { ...typeNames, string: 'bytes' }

export function exampleRefusals(messages: Messages, spec: FeatureSpec | DenseSpec): Refusals {
  const key = textOf(spec.key)
  const refuse = (row: number, text: string) =>
    invalid(
      messages.isSingle
        ? `Key: ${key}.  ${text}`
        : `Name: ${messages.nameOf(row)}, Key: ${key}, Index: ${row}.  ${text}`,
    )
  const bytes = (row: number) => refuse(row, "Can't parse serialized Example.")
  return {
    bytes,
    type: (row, found) => refuse(row, `Data types don't match. ${typesText(spec, found)}`),
    absent: (row) =>
      invalid(`${messages.isSingle ? '' : `Name: ${messages.nameOf(row)}, `}${absentText(key, spec.dtype)}`),
    count: (row, count) => {
      const text = messages.isSingle ? undefined : countText(spec, count)
      return text === undefined ? bytes(row) : refuse(row, text)
    },
  }
}

const absentText = (key: string, dtype: FeatureType) =>
  `Feature: ${key} (data type: ${typeNames[dtype]}) is required but could not be found.`

function typesText(spec: FeatureSpec | DenseSpec, found: FeatureType): string {
  const [expected, actual] = [typeNames[spec.dtype], typeNames[found]]
  return 'shape' in spec
    ? `Data type: ${actual} but expected type: ${expected}`
    : `Expected type: ${expected}, Actual type: ${actual}`
}

/** Undefined for strings that are too many: these do not fit and are no list to TensorFlow. */
function countText(spec: FeatureSpec | DenseSpec, count: number): string | undefined {
  const shape = 'shape' in spec ? spec.shape : []
  const values = `Number of ${valueNames[spec.dtype]} values`
  if (shape[0] === -1) {
    const [, ...inner] = shape
    return `${values} is not a multiple of stride length. Saw ${count} values but output shape is: [${['?', ...inner]}]`
  }
  if (spec.dtype === 'string' && count > sizeOf(shape)) return undefined
  return `${values} != expected.  Values size: ${count} but output shape: [${shape}]`
}

/** Of a feature in the context of a tf.SequenceExample. */
export function contextRefusals(messages: Messages, spec: FeatureSpec | DenseSpec): Refusals {
  const key = textOf(spec.key)
  const where = (row: number) => `Name: ${messages.nameOf(row)}, Context feature: ${key}.  `
  return {
    bytes: (row) => invalid(`Error in context feature ${key} in example ${messages.nameOf(row)}`),
    type: (row, found) => invalid(`${where(row)}Data types don't match. ${typesText(spec, found)}`),
    absent: () => invalid(absentText(key, spec.dtype)),
    count: (row, count) => invalid(`${where(row)}${countText(spec, count) ?? `It has ${count} values`}`),
  }
}

/** Of the frames of a feature list. */
export function frameRefusals(
  messages: Messages,
  spec: FeatureSpec | DenseSpec,
  /** Which message a frame belongs to, and which one it is there. */
  placeOf: (frame: number) => { readonly row: number; readonly index: number },
): Pick<Refusals, 'type' | 'bytes' | 'count'> {
  const key = textOf(spec.key)
  return {
    bytes: (frame) => refuseFeatureList(messages, spec, placeOf(frame).row),
    type: (frame, found) => {
      const { row, index } = placeOf(frame)
      const where = `Name: ${messages.nameOf(row)}, Feature list: ${key}, Index: ${index}.  `
      return invalid(`${where}Data types don't match. ${typesText(spec, found)}`)
    },
    count: (frame, count) => {
      const { row, index } = placeOf(frame)
      const where = `Name: ${messages.nameOf(row)}, Key: ${key}, Index: ${index}.  `
      return invalid(`${where}${countText(spec, count) ?? `It has ${count} values`}`)
    },
  }
}

/** Of bytes that are no list of features. */
export function refuseFeatureList(messages: Messages, { key }: FeatureSpec, row: number): RecserveError {
  return invalid(`Error in sequence feature ${textOf(key)} in example ${messages.nameOf(row)}`)
}

export function refuseAbsentList(messages: Messages, { key }: FeatureSpec, row: number): RecserveError {
  const advice =
    'Did you mean to include it in feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?'
  return invalid(
    `Name: ${messages.nameOf(row)}, Feature list '${textOf(key)}' is required but could not be found.  ${advice}`,
  )
}
