/** Ops that make tables, or find them again by their names. */

import { handleTo } from '../../handle.js'
import type { AnyTensor, Attributes, StatefulContext, StatefulKernel, StatefulOpTable } from '../../op.js'
import { invalid, sameShape, shapeText } from '../array/arguments.js'
import { tensorOf } from '../rows.js'
import { Table, type TableOptions } from './table.js'

type OptionsOf = (attrs: Attributes) => Pick<TableOptions, 'isStatic' | 'valueShape'>

/** One table for each name, as long as the version is loaded. */
function shared(optionsOf: OptionsOf): StatefulKernel {
  return (_, context) => {
    const { attrs, node, state } = context
    const name = attrs.string('shared_name', '') || node
    const key = `table/${attrs.string('container', '')}/${name}`
    return [handleTo(state.resource(key, () => new Table({ ...dtypesOf(attrs), name, ...optionsOf(attrs) })))]
  }
}

/** Another table each time. */
function anonymous(optionsOf: OptionsOf): StatefulKernel {
  return (_, { attrs, node }) => [
    handleTo(new Table({ ...dtypesOf(attrs), name: node, ...optionsOf(attrs) })),
  ]
}

function dtypesOf(attrs: Attributes): Pick<TableOptions, 'keyDtype' | 'valueDtype'> {
  const keyDtype = attrs.type('key_dtype')
  if (/complex|resource|variant/.test(keyDtype)) throw invalid(`a table has no keys of dtype ${keyDtype}`)
  return { keyDtype, valueDtype: attrs.type('value_dtype') }
}

const once: OptionsOf = () => ({ isStatic: true })
const mutable: OptionsOf = () => ({ isStatic: false })

const ofVectors: OptionsOf = (attrs) => {
  const valueShape = attrs.has('value_shape') ? attrs.shape('value_shape') : []
  if (valueShape?.length === 1 && valueShape[0]! >= 0) return { isStatic: false, valueShape }
  throw invalid(`Default value must be a vector, got shape ${shapeText(valueShape ?? [])}`)
}

const sharedDense: StatefulKernel = ([empty, deleted], context) => {
  const { attrs, node, state } = context
  const name = attrs.string('shared_name', '') || node
  const key = `table/${attrs.string('container', '')}/${name}`
  return [handleTo(state.resource(key, () => createDense(tensorOf(empty), tensorOf(deleted), context)))]
}

const anonymousDense: StatefulKernel = ([empty, deleted], context) => [
  handleTo(createDense(tensorOf(empty), tensorOf(deleted), context)),
]

/** A table with two keys that mark free places in TensorFlow's: here they are only refused. */
function createDense(empty: AnyTensor, deleted: AnyTensor, { attrs, node }: StatefulContext): Table {
  checkDense(empty, deleted, attrs)
  const valueShape = attrs.has('value_shape') ? (attrs.shape('value_shape') ?? []) : []
  const table = new Table({
    ...dtypesOf(attrs),
    name: node,
    isStatic: false,
    keyShape: empty.shape,
    valueShape,
    reserved: [
      { name: 'empty_key', key: empty },
      { name: 'deleted_key', key: deleted },
    ],
  })
  if (table.isReserved(empty, 'deleted_key')) throw invalid('Empty and deleted keys cannot be equal')
  return table
}

function checkDense(empty: AnyTensor, deleted: AnyTensor, attrs: Attributes): void {
  if (!sameShape(empty.shape, deleted.shape)) {
    throw invalid(
      `Empty and deleted keys must have same shape, got shapes: ${shapeText(empty.shape)} and ${shapeText(deleted.shape)}`,
    )
  }
  const buckets = attrs.int('initial_num_buckets', 131072)
  if (buckets < 4 || !Number.isInteger(Math.log2(buckets))) {
    throw invalid(`Number of buckets must be at least 4 and a power of 2, got: ${buckets}`)
  }
  const load = attrs.float('max_load_factor', 0.8)
  if (!(load > 0 && load < 1)) throw invalid(`max_load_factor must be between 0 and 1, got: ${load}`)
}

export const tableCreationOps: StatefulOpTable = {
  HashTable: { stateful: shared(once), isHandle: true },
  HashTableV2: { stateful: shared(once), isHandle: true },
  AnonymousHashTable: { stateful: anonymous(once) },
  MutableHashTable: { stateful: shared(mutable), isHandle: true },
  MutableHashTableV2: { stateful: shared(mutable), isHandle: true },
  AnonymousMutableHashTable: { stateful: anonymous(mutable) },
  MutableHashTableOfTensors: { stateful: shared(ofVectors), isHandle: true },
  MutableHashTableOfTensorsV2: { stateful: shared(ofVectors), isHandle: true },
  AnonymousMutableHashTableOfTensors: { stateful: anonymous(ofVectors) },
  MutableDenseHashTable: { stateful: sharedDense },
  MutableDenseHashTableV2: { stateful: sharedDense },
  AnonymousMutableDenseHashTable: { stateful: anonymousDense },
}
