/** ParseSequenceExample and its kin: the context and the feature lists of tf.SequenceExamples as tensors. */
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { fromIntegers, invalid } from '../array/arguments.js'
import { toFlat, toSplits } from './columns.js'
import { featuresField, keysAt, keysOf, scalarKeys, toColumns, type Wanted } from './example-ops.js'
import { denseSpecs, featureSpecs, frameSpecs, raggedSpecs } from './feature-spec.js'
import { type FrameColumn, readFrames, toDenseFrames, toSparseFrames } from './frames.js'
import { findAll, type Messages, messagesAt, newFeatureMap } from './messages.js'
import { contextRefusals } from './refusals.js'

/** Field of the feature lists in a tf.SequenceExample. */
const listsField = 2

const contextTypes = { types: 'Tcontext_dense', shapes: 'context_dense_shapes' }
const listTypes = { types: 'feature_list_dense_types', shapes: 'feature_list_dense_shapes' }

interface WantedSequence {
  readonly context: Wanted
  readonly lists: Wanted
  /** Whether dense list i may be missing. */
  readonly mayLack: (list: number) => boolean
}

const encode = (keys: readonly string[]) => keys.map((key) => Buffer.from(key))

const parseSequenceExample: Kernel = (inputs, { attrs }) => {
  const keys = (name: string) => encode(attrs.strings(name, []))
  const denseLists = keys('feature_list_dense_keys')
  const assumedEmpty = new Set(attrs.strings('feature_list_dense_missing_assumed_empty', []))
  const messages = messagesAt(inputs, 0, 1)
  return flatten(
    parse(messages, {
      context: {
        sparse: featureSpecs(keys('context_sparse_keys'), attrs, 'context_sparse_types'),
        dense: denseSpecs(keys('context_dense_keys'), attrs, { ...contextTypes, inputs, first: 2 }),
        ragged: [],
      },
      lists: {
        sparse: featureSpecs(keys('feature_list_sparse_keys'), attrs, 'feature_list_sparse_types'),
        dense: frameSpecs(denseLists, attrs, listTypes),
        ragged: [],
      },
      mayLack: (list) => assumedEmpty.has(denseLists[list]!.toString()),
    }),
  )
}

const parseSequenceExampleV2: Kernel = (inputs, { attrs }) => {
  const assumedEmpty = inputs[8]?.data as ArrayLike<number> | undefined
  const raggedOf = (part: string) => ({
    types: `${part}_ragged_value_types`,
    splitTypes: `${part}_ragged_split_types`,
  })
  return flatten(
    parse(messagesAt(inputs, 0, 1), {
      context: {
        sparse: featureSpecs(keysAt(inputs, 2), attrs, 'context_sparse_types'),
        dense: denseSpecs(keysAt(inputs, 3), attrs, { ...contextTypes, inputs, first: 9 }),
        ragged: raggedSpecs(keysAt(inputs, 4), attrs, raggedOf('context')),
      },
      lists: {
        sparse: featureSpecs(keysAt(inputs, 5), attrs, 'feature_list_sparse_types'),
        dense: frameSpecs(keysAt(inputs, 6), attrs, listTypes),
        ragged: raggedSpecs(keysAt(inputs, 7), attrs, raggedOf('feature_list')),
      },
      mayLack: (list) => Boolean(assumedEmpty?.[list]),
    }),
  )
}

const parseSingleSequenceExample: Kernel = (inputs, { attrs }) => {
  const assumedEmpty = new Set(keysAt(inputs, 1).map((key) => Buffer.from(key).toString('latin1')))
  let next = 2
  const keys = (count: string) => {
    const found = scalarKeys(inputs, next, attrs.int(count, 0))
    next += found.length
    return found
  }
  const [sparse, dense] = [keys('Ncontext_sparse'), keys('Ncontext_dense')]
  const [sparseLists, denseLists] = [keys('Nfeature_list_sparse'), keys('Nfeature_list_dense')]
  const messages = messagesAt(inputs, 0, next + dense.length)
  if (!messages.isSingle) throw invalid('Expected serialized to be a scalar')
  const { dense: denseOutputs, ...rest } = parse(messages, {
    context: {
      sparse: featureSpecs(sparse, attrs, 'context_sparse_types'),
      dense: denseSpecs(dense, attrs, { ...contextTypes, inputs, first: next }),
      ragged: [],
    },
    lists: {
      sparse: featureSpecs(sparseLists, attrs, 'feature_list_sparse_types'),
      dense: frameSpecs(denseLists, attrs, listTypes),
      ragged: [],
    },
    mayLack: (list) => assumedEmpty.has(Buffer.from(denseLists[list]!).toString('latin1')),
  })
  return [...rest.context, ...rest.sparse, ...denseOutputs.map(({ values }) => values)]
}

interface Parsed {
  readonly context: readonly AnyTensor[]
  readonly sparse: readonly AnyTensor[]
  readonly dense: readonly { readonly values: AnyTensor; readonly lengths: AnyTensor }[]
  readonly ragged: readonly AnyTensor[]
}

const flatten = ({ context, sparse, dense, ragged }: Parsed): AnyTensor[] => [
  ...context,
  ...sparse,
  ...dense.map(({ values }) => values),
  ...dense.map(({ lengths }) => lengths),
  ...ragged,
]

function parse(messages: Messages, { context, lists, mayLack }: WantedSequence): Parsed {
  const keepsEmpty = () => true
  const contextMap = newFeatureMap(messages, { field: featuresField, keys: keysOf(context), keepsEmpty })
  const listMap = newFeatureMap(messages, { field: listsField, keys: keysOf(lists), keepsEmpty })
  findAll(messages, [contextMap, listMap], (row) =>
    invalid(`Invalid protocol message input, example id: ${messages.nameOf(row)}`),
  )
  const columns = toColumns(messages, context, { spans: contextMap.spans, refusalsOf: contextRefusals })
  const contextSplits = columns.ragged.map(({ counts }, i) =>
    batchSplits(messages, counts, context.ragged[i]!.splitType),
  )
  const frames = (index: number, mayBeAbsent = true) => {
    const spec = [...lists.dense, ...lists.sparse, ...lists.ragged][index]!
    return readFrames(messages, spec, { spans: listMap.spans, index, mayBeAbsent })
  }
  const dense = lists.dense.map((spec, i) => toDenseFrames(messages, frames(i, mayLack(i)), spec))
  const sparse = lists.sparse.map((_, i) => frames(dense.length + i))
  const ragged = lists.ragged.map((_, i) => frames(dense.length + sparse.length + i))
  const places = sparse.map((one) => toSparseFrames(messages, one))
  return {
    context: [...columns.sparse, ...columns.dense, ...columns.ragged.map(toFlat), ...contextSplits],
    sparse: [
      ...places.map(({ indices }) => indices),
      ...sparse.map(({ column }) => toFlat(column)),
      ...places.map(({ shape }) => shape),
    ],
    dense,
    ragged: raggedOutputs(messages, ragged, lists),
  }
}

function raggedOutputs(messages: Messages, ragged: readonly FrameColumn[], lists: Wanted): AnyTensor[] {
  const splitType = (i: number) => lists.ragged[i]!.splitType
  return [
    ...ragged.map(({ column }) => toFlat(column)),
    ...ragged.map(({ framesPerRow }, i) => batchSplits(messages, framesPerRow, splitType(i))),
    ...ragged.map(({ column }, i) => toSplits(column.counts, splitType(i))),
  ]
}

/** Of one message a scalar, which TensorFlow leaves to chance. */
const batchSplits = ({ isSingle }: Messages, counts: Uint32Array, splitType: string): AnyTensor =>
  isSingle ? fromIntegers(splitType, [], [0]) : toSplits(counts, splitType)

export const sequenceOps: OpTable = {
  ParseSequenceExample: { kernel: parseSequenceExample },
  ParseSequenceExampleV2: { kernel: parseSequenceExampleV2 },
  ParseSingleSequenceExample: { kernel: parseSingleSequenceExample },
}
