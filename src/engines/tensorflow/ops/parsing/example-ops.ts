/** ParseExample and its kin: features of tf.Examples as tensors. */
import type { FeatureSpans } from '../../../../formats/tensorflow/example.js'
import { toNameList } from '../../../../formats/tensorflow/example-names.js'
import { type StringTensor, stringAt } from '../../../../tensor/strings.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { fromIntegers, invalid } from '../array/arguments.js'
import { stringsAt } from '../string/arguments.js'
import { Column, toDense, toFlat, toSparse, toSplits } from './columns.js'
import {
  type DenseSpec,
  denseSpecs,
  type FeatureSpec,
  featureSpecs,
  type RaggedSpec,
  raggedSpecs,
} from './feature-spec.js'
import { findAll, type Messages, messagesAt, newFeatureMap, quotedMessage } from './messages.js'
import { exampleRefusals, type Refusals } from './refusals.js'

/** Features by how they are wanted, in the op's order. */
export interface Wanted {
  readonly sparse: readonly FeatureSpec[]
  readonly dense: readonly DenseSpec[]
  readonly ragged: readonly RaggedSpec[]
}

/** Field of the features in a tf.Example, and of the context in a tf.SequenceExample. */
export const featuresField = 1

const types = { types: 'Tdense', shapes: 'dense_shapes' }

const parseExample: Kernel = (inputs, { attrs }) => {
  const sparse = scalarKeys(inputs, 2, attrs.int('Nsparse'))
  const dense = scalarKeys(inputs, 2 + sparse.length, attrs.int('Ndense'))
  const first = 2 + sparse.length + dense.length
  return parse(messagesAt(inputs, 0, 1), {
    sparse: featureSpecs(sparse, attrs, 'sparse_types'),
    dense: denseSpecs(dense, attrs, { ...types, inputs, first }),
    ragged: [],
  })
}

const parseExampleV2: Kernel = (inputs, { attrs }) => {
  const ragged = { types: 'ragged_value_types', splitTypes: 'ragged_split_types' }
  return parse(messagesAt(inputs, 0, 1), {
    sparse: featureSpecs(keysAt(inputs, 2), attrs, 'sparse_types'),
    dense: denseSpecs(keysAt(inputs, 3), attrs, { ...types, inputs, first: 5 }),
    ragged: raggedSpecs(keysAt(inputs, 4), attrs, ragged),
  })
}

const parseSingleExample: Kernel = (inputs, { attrs }) => {
  const messages = messagesAt(inputs, 0)
  if (!messages.isSingle) throw invalid('Expected serialized to be a scalar')
  const encode = (keys: readonly string[]) => keys.map((key) => Buffer.from(key))
  return parse(messages, {
    sparse: featureSpecs(encode(attrs.strings('sparse_keys')), attrs, 'sparse_types'),
    dense: denseSpecs(encode(attrs.strings('dense_keys')), attrs, { ...types, inputs, first: 1 }),
    ragged: [],
  })
}

/** The elements of a vector of keys. */
export function keysAt(inputs: readonly AnyTensor[], index: number): Uint8Array[] {
  return toNameList(stringsAt(inputs, index).data)
}

/** Keys that are an input each. */
export function scalarKeys(inputs: readonly AnyTensor[], first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => scalarKey(stringsAt(inputs, first + i)))
}

function scalarKey({ data }: StringTensor): Uint8Array {
  if (data.length !== 1) throw invalid(`a key must be a scalar, got ${data.length} strings`)
  return stringAt(data, 0)
}

function parse(messages: Messages, wanted: Wanted): readonly AnyTensor[] {
  const { dense } = wanted
  const map = newFeatureMap(messages, {
    field: featuresField,
    keys: keysOf(wanted),
    // A sparse feature of a batch may be there and yet have no value; a dense one then is as good as missing.
    keepsEmpty: (feature) => !messages.isSingle && feature >= dense.length,
  })
  findAll(messages, [map], (row) =>
    invalid(`Could not parse example input, value: ${quotedMessage(messages, row)}`),
  )
  const { ragged, ...rest } = toColumns(messages, wanted, { spans: map.spans, refusalsOf: exampleRefusals })
  const splits = messages.isSingle
    ? wanted.ragged.map(({ splitType }) => fromIntegers(splitType, [0], []))
    : ragged.map(({ counts }, i) => toSplits(counts, wanted.ragged[i]!.splitType))
  return [...rest.sparse, ...rest.dense, ...ragged.map(toFlat), ...splits]
}

/** In the order of `Column`s: dense, sparse, ragged. */
export const keysOf = ({ dense, sparse, ragged }: Wanted): Uint8Array[] =>
  [...dense, ...sparse, ...ragged].map(({ key }) => key)

interface ColumnOptions {
  readonly spans: FeatureSpans
  readonly refusalsOf: (messages: Messages, spec: FeatureSpec | DenseSpec) => Refusals
}

/** Sparse features as indices, values and shapes, dense ones as tensors; ragged ones are left to the caller. */
export function toColumns(
  messages: Messages,
  wanted: Wanted,
  { spans, refusalsOf }: ColumnOptions,
): { readonly sparse: AnyTensor[]; readonly dense: AnyTensor[]; readonly ragged: readonly Column[] } {
  const { isSingle } = messages
  const column = (spec: FeatureSpec, index: number) =>
    new Column(spec, { spans, index, refusals: refusalsOf(messages, spec) })
  const dense = wanted.dense.map((spec, i) =>
    toDense(column(spec, i), spec, { isSingle, refusals: refusalsOf(messages, spec) }),
  )
  const sparse = wanted.sparse.map((spec, i) => column(spec, dense.length + i))
  const ragged = wanted.ragged.map((spec, i) => column(spec, dense.length + sparse.length + i))
  const places = sparse.map((one) => toSparse(one, { isSingle }))
  return {
    sparse: [
      ...places.map(({ indices }) => indices),
      ...sparse.map(toFlat),
      ...places.map(({ shape }) => shape),
    ],
    dense,
    ragged,
  }
}

export const exampleOps: OpTable = {
  ParseExample: { kernel: parseExample },
  ParseExampleV2: { kernel: parseExampleV2 },
  ParseSingleExample: { kernel: parseSingleExample },
}
