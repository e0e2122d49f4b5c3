/** The serialized messages that a parsing op is given. */
import {
  type FeatureMap,
  type FeatureSpans,
  findFeatures,
  missing,
  WireCursor,
} from '../../../../formats/tensorflow/example.js'
import { ExampleNames } from '../../../../formats/tensorflow/example-names.js'
import { type Strings, stringAt } from '../../../../tensor/strings.js'
import type { AnyTensor } from '../../op.js'
import { claimScratch, spend } from '../../run-limits.js'
import { invalid, shapeText } from '../array/arguments.js'
import { elementWork, stringsAt, textOf } from '../string/arguments.js'

/** Bytes of a message that are quoted in a refusal. */
const maxQuotedBytes = 256

export interface Messages {
  readonly count: number
  /** One message as a scalar: results lack the batch dimension. */
  readonly isSingle: boolean
  readonly data: Strings
  /** For refusals. */
  nameOf(row: number): string
}

/** @param names index of the input that names the messages, by none or one name each; undefined: the op has none */
export function messagesAt(inputs: readonly AnyTensor[], index: number, names?: number): Messages {
  const { shape, data } = stringsAt(inputs, index)
  if (shape.length > 1) {
    throw invalid(`Expected serialized to be a scalar or vector, got shape: ${shapeText(shape)}`)
  }
  const known = names === undefined ? undefined : stringsAt(inputs, names)
  if (known && known.data.length > 0 && known.data.length !== data.length) {
    const found = `name.shape=${shapeText(known.shape)}, serialized.shape=${shapeText(shape)}`
    throw invalid(`Expected names have the same shape as serialized: ${found}`)
  }
  const nameOf = (row: number) =>
    known && known.data.length > 0 ? textOf(stringAt(known.data, row)) : '<unknown>'
  return { count: data.length, isSingle: shape.length === 0, data, nameOf }
}

/** The start of a message's bytes as text, for its refusal. */
export function quotedMessage({ data }: Messages, row: number): string {
  const bytes = stringAt(data, row)
  const rest = bytes.length > maxQuotedBytes ? `... (${bytes.length} bytes)` : ''
  return `'${textOf(bytes.subarray(0, maxQuotedBytes))}${rest}'`
}

/** Room for the places of features of one map. */
export function newFeatureMap(
  { data, count }: Messages,
  {
    field,
    keys,
    keepsEmpty,
  }: Pick<FeatureMap, 'field' | 'keepsEmpty'> & { readonly keys: readonly Uint8Array[] },
): FeatureMap {
  const places = keys.length * count
  claimScratch(8 * places)
  spend(places)
  const spans: FeatureSpans = {
    bytes: data.bytes,
    rows: count,
    starts: new Uint32Array(places).fill(missing),
    ends: new Uint32Array(places),
  }
  return { field, names: new ExampleNames(keys), spans, keepsEmpty }
}

/** Notes where the features of all messages stand. */
export function findAll(
  { data, count }: Messages,
  maps: readonly FeatureMap[],
  refuse: (row: number) => Error,
): void {
  const cursor = new WireCursor(data.bytes)
  for (let row = 0; row < count; row++) {
    const [start, end] = [data.offsets[row]!, data.offsets[row + 1]!]
    spend(elementWork + end - start)
    if (!findFeatures(cursor, maps, { row, start, end })) throw refuse(row)
  }
}
