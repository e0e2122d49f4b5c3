/** Ops that fill, read and change tables. */
import { RecserveError } from '../../../../core/errors.js'
import { sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, StatefulKernel, StatefulOpTable } from '../../op.js'
import { invalid, shapeText } from '../array/arguments.js'
import { tensorOf } from '../rows.js'
import { bytesOf, latin1Of, scalarAt } from '../string/arguments.js'
import { type Table, tableOf } from './table.js'
import { readTextFile } from './text-file.js'

const initialize: StatefulKernel = ([handle, keys, values]) => {
  const table = tableOf(handle)
  if (!table.options.isStatic) throw invalid(`Table ${table.options.name} is not initializable`)
  fill(table, tensorOf(keys), tensorOf(values))
  return []
}

function fill(table: Table, keys: AnyTensor, values: AnyTensor): void {
  checkDtypes(table, [keys, values])
  if (keys.shape.length !== 1)
    throw invalid(`Keys must be a vector, but received shape${shapeText(keys.shape)}`)
  if (sizeOf(keys.shape) !== sizeOf(values.shape)) {
    throw invalid(`Keys and values must have the same size ${sizeOf(keys.shape)} vs ${sizeOf(values.shape)}`)
  }
  if (sizeOf(keys.shape) === 0) throw invalid('keys and values cannot be empty tensors.')
  table.initialize(keys, values)
}

const initializeFromFile: StatefulKernel = ([handle, filename], { attrs, state }) => {
  const table = tableOf(handle)
  const { name, isStatic, keyDtype, valueDtype } = table.options
  if (!isStatic) throw invalid(`Table ${name} is not initializable`)
  const path = tensorOf(filename)
  if (sizeOf(path.shape) !== 1)
    throw invalid(`filename should be a single string, but got ${shapeText(path.shape)}`)
  const file = Buffer.from(scalarAt([{ ...path, shape: [] } as AnyTensor], 0, 'filename')).toString()
  const delimiter = latin1Of(bytesOf(attrs, 'delimiter', '\t'))
  if (delimiter.length !== 1) throw invalid('delimiter should be only 1 char')
  const size = attrs.int('vocab_size', -1)
  if (size < -1) throw invalid(`vocab_size must be at least -1, got ${size}`)
  const [keys, values] = readTextFile(
    {
      name: file,
      bytes: state.readAsset(file),
      lineCount: size < 0 ? undefined : size,
      delimiter,
      offset: attrs.int('offset', 0),
    },
    [
      { name: 'key', index: attrs.int('key_index'), dtype: keyDtype },
      { name: 'value', index: attrs.int('value_index'), dtype: valueDtype },
    ],
  )
  table.initialize(keys!, values!)
  return []
}

const find: StatefulKernel = ([handle, keys, fallback]) => {
  const table = tableOf(handle)
  const { keyDtype, valueDtype } = table.options
  const [wanted, other] = [tensorOf(keys), tensorOf(fallback)]
  if (wanted.dtype !== keyDtype || other.dtype !== valueDtype) {
    throw invalid(
      `Signature mismatch, have: resource, ${wanted.dtype}, ${other.dtype}->${other.dtype} expected: resource, ${keyDtype}, ${valueDtype}->${valueDtype}`,
    )
  }
  return [table.find(wanted, other)]
}

const insert: StatefulKernel = ([handle, keys, values]) => {
  const table = changeable(tableOf(handle), 'Insert')
  const entries = [tensorOf(keys), tensorOf(values)] as const
  checkDtypes(table, entries)
  table.insert(...entries)
  return []
}

const remove: StatefulKernel = ([handle, keys]) => {
  const table = changeable(tableOf(handle), 'Remove')
  checkDtypes(table, [tensorOf(keys)])
  table.remove(tensorOf(keys))
  return []
}

/** How tables get their contents from a checkpoint, and static ones from constants. */
const importAll: StatefulKernel = ([handle, keys, values]) => {
  const table = tableOf(handle)
  const entries = [tensorOf(keys), tensorOf(values)] as const
  if (table.options.isStatic) fill(table, ...entries)
  else {
    checkDtypes(table, entries)
    table.replaceAll(...entries)
  }
  return []
}

const exportAll: StatefulKernel = ([handle]) => {
  const { keys, values } = tableOf(handle).contents()
  return [keys, values]
}

const sizeOfTable: StatefulKernel = ([handle]) => [
  tensor('int64', [], BigInt64Array.of(BigInt(tableOf(handle).size))),
]

function changeable(table: Table, change: string): Table {
  if (!table.options.isStatic) return table
  throw new RecserveError(
    'unimplemented',
    `${change} not supported by InitializableLookupTable implementations`,
  )
}

function checkDtypes({ options }: Table, entries: readonly AnyTensor[]): void {
  const expected = [options.keyDtype, options.valueDtype].slice(0, entries.length)
  if (entries.every(({ dtype }, i) => dtype === expected[i])) return
  const found = entries.map(({ dtype }) => dtype)
  throw invalid(
    `Signature mismatch, have: ${['resource', ...found].join(', ')}-> expected: ${['resource', ...expected].join(', ')}->`,
  )
}

const write = { effect: 'write' } as const

export const tableUseOps: StatefulOpTable = {
  InitializeTable: { stateful: initialize, ...write },
  InitializeTableV2: { stateful: initialize, ...write },
  InitializeTableFromTextFile: { stateful: initializeFromFile, ...write },
  InitializeTableFromTextFileV2: { stateful: initializeFromFile, ...write },
  LookupTableFind: { stateful: find },
  LookupTableFindV2: { stateful: find },
  LookupTableInsert: { stateful: insert, ...write },
  LookupTableInsertV2: { stateful: insert, ...write },
  LookupTableRemoveV2: { stateful: remove, ...write },
  LookupTableImport: { stateful: importAll, ...write },
  LookupTableImportV2: { stateful: importAll, ...write },
  LookupTableExport: { stateful: exportAll },
  LookupTableExportV2: { stateful: exportAll },
  LookupTableSize: { stateful: sizeOfTable },
  LookupTableSizeV2: { stateful: sizeOfTable },
}
