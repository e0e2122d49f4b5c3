/** pandas' tables in pickles (pandas/core/internals/managers.py, pandas/_libs/internals.pyx), of versions 1 and 2. */
import { NumpyArray } from './numpy-array.js'
import { type PickleDict, PickleFault, PickleGlobal, PickleObject, type PickleValue } from './value.js'

/** A `DataFrame`, without its row labels. */
export interface DataFrame {
  readonly rows: number
  /** By column label, in order: arrays of shape [rows]. Categories are spelt out, as objects. */
  readonly columns: ReadonlyMap<PickleValue, NumpyArray>
}

/** A `Series`. */
export interface Series {
  readonly name: PickleValue
  /** Of shape [rows]. */
  readonly values: NumpyArray
  /** Row labels. */
  readonly index: readonly PickleValue[]
}

/** Labels counted up by a RangeIndex take no bytes in a file, and in memory only if somebody asks for them. */
const maxRange = 2 ** 31
/** Counted up like those of an index, they are all spelled out. */
const maxCategories = 2 ** 24
/** Columns without rows take none either. */
const maxColumns = 2 ** 20

/** Whether `toDataFrame` is meant for it. */
export const isDataFrame = (value: PickleValue | undefined): value is PickleObject =>
  isOf(value, /^pandas\..*\bDataFrame$/)

/** Whether `toSeries` is meant for it. */
export const isSeries = (value: PickleValue | undefined): value is PickleObject =>
  isOf(value, /^pandas\..*\bSeries$/)

/** @throws PickleFault for what is no DataFrame, or one with columns that are no arrays (as of pyarrow) */
export function toDataFrame(value: PickleValue | undefined): DataFrame {
  if (!isDataFrame(value)) throw new PickleFault(`has ${describe(value)} where a pandas DataFrame is due`)
  const { blocks, axes } = toManager(value)
  const [labels, index] = axes.map(toLabels)
  if (!labels || !index) throw new PickleFault('has a DataFrame without two axes')
  if (labels.length > maxColumns) throw new PickleFault(`has a DataFrame of more than ${maxColumns} columns`)
  const columns = new Array<NumpyArray | undefined>(labels.length)
  for (const { values, placement } of blocks) {
    const places = toPlaces(placement, labels.length)
    const rows = toRows(values, places.length)
    for (const [i, place] of places.entries()) columns[place] = rows[i]
  }
  const rows = index.length
  const named = new Map<PickleValue, NumpyArray>()
  for (const [i, label] of labels.values().entries()) {
    const column = columns[i]
    if (column?.shape[0] !== rows || column.shape.length !== 1)
      throw new PickleFault(`has a DataFrame of ${rows} rows whose column ${describe(label)} has not as many`)
    named.set(label, column)
  }
  return { rows, columns: named }
}

/** @throws PickleFault for what is no Series, or one of values that are no array */
export function toSeries(value: PickleValue | undefined): Series {
  if (!isSeries(value)) throw new PickleFault(`has ${describe(value)} where a pandas Series is due`)
  const { blocks, axes } = toManager(value)
  const [block] = blocks
  const [index] = axes.map(toLabels)
  const values = block && toArray(block.values)
  if (!index || !values || values.shape.length !== 1 || values.shape[0] !== index.length)
    throw new PickleFault('has a Series whose labels are not as many as its values')
  const attributes = value.attributes
  return { name: attributes?.get('_name') ?? attributes?.get('name') ?? null, values, index: index.values() }
}

interface Block {
  readonly values: PickleValue
  /** Which columns: a slice, or an array of indices. */
  readonly placement: PickleValue
}

interface Manager {
  readonly blocks: readonly Block[]
  /** Column labels and row labels; of a Series, the latter. */
  readonly axes: readonly PickleValue[]
}

function toManager({ attributes }: PickleObject): Manager {
  const manager = attributes?.get('_mgr') ?? attributes?.get('_data')
  if (!(manager instanceof PickleObject))
    throw new PickleFault('has a pandas object without a manager of blocks')
  const [first, second] = manager.args
  if (first !== undefined && second !== undefined) {
    // Of a Series there is one block and one axis, by itself.
    const blocks = Array.isArray(first) ? first : [first]
    return { blocks: blocks.map(toBlock), axes: Array.isArray(second) ? second : [second] }
  }
  // `(axes, values, items, {'0.14.1': {'axes': …, 'blocks': [{'values': …, 'mgr_locs': …}]}})`
  const versions = Array.isArray(manager.state) ? manager.state[3] : undefined
  const content = versions instanceof Map ? versions.get('0.14.1') : undefined
  const blocks = content instanceof Map ? content.get('blocks') : undefined
  const axes = content instanceof Map ? content.get('axes') : undefined
  if (!Array.isArray(blocks) || !Array.isArray(axes))
    throw new PickleFault('has a pandas object of a form that no pandas 1 or 2 writes')
  return { blocks: blocks.map(toBlock), axes }
}

function toBlock(block: PickleValue): Block {
  if (block instanceof Map)
    return { values: block.get('values') ?? null, placement: block.get('mgr_locs') ?? null }
  if (!isOf(block, /^pandas\._libs\.internals\._unpickle_block$/))
    throw new PickleFault(`has ${describe(block)} where a block of pandas is due`)
  const [values, placement] = block.args
  return { values: values ?? null, placement: placement ?? null }
}

/** Indices of columns, all below `count` and none of them endless. */
function toPlaces(placement: PickleValue, count: number): readonly number[] {
  if (isOf(placement, /^pandas\._libs\.internals\.BlockPlacement$/))
    return toPlaces(placement.args[0] ?? null, count)
  const places = isOf(placement, /^builtins\.slice$/)
    ? toRange(placement.args, count)?.values()
    : placement instanceof NumpyArray
      ? placement.toValues()
      : undefined
  if (
    !places?.every(
      (place) => Number.isSafeInteger(place) && (place as number) >= 0 && (place as number) < count,
    )
  )
    throw new PickleFault(`has a block whose place among ${count} columns is ${describe(placement)}`)
  return places as readonly number[]
}

interface IntegerRange {
  readonly length: number
  readonly values: () => readonly number[]
}

/** `start, stop, step` as integers; undefined where they are none, or count to more than `limit`. */
function toRange(args: readonly PickleValue[], limit: number): IntegerRange | undefined {
  const [start, stop, step] = args.length === 1 ? [0, args[0], 1] : [args[0] ?? 0, args[1], args[2] ?? 1]
  if (![start, stop, step].every((part) => Number.isSafeInteger(part)) || step === 0) return undefined
  const [from, to, by] = [start as number, stop as number, step as number]
  const length = Math.max(0, Math.ceil((to - from) / by))
  if (length > limit) return undefined
  return { length, values: () => Array.from({ length }, (_, i) => from + i * by) }
}

/** The rows of a block: one array for each of its columns. */
function toRows(values: PickleValue, count: number): readonly NumpyArray[] {
  const array = toArray(values)
  // Extension arrays have one column and one dimension.
  if (array.shape.length === 1 && count === 1) return [array]
  if (array.shape.length !== 2 || array.shape[0] !== count)
    throw new PickleFault(`has a block of ${count} columns that is ${array.describe()}`)
  return array.toRows()
}

/** What pandas keeps values in: an array of NumPy, or one of its own around it. */
function toArray(value: PickleValue): NumpyArray {
  if (value instanceof NumpyArray) return value
  if (value instanceof PickleObject) {
    const parts = partsOfExtension(value)
    const array = parts.find((part) => part instanceof NumpyArray)
    const categories = parts.map(categoriesOf).find((found) => found !== undefined)
    if (array) return categories ? spellOut(array, categories) : array
  }
  throw new PickleFault(`has ${describe(value)} where values of pandas are due`)
}

/** What an extension array was rebuilt from: its state is `(dtype, array, …)` or a dict of them. */
function partsOfExtension({ args, state, attributes, path }: PickleObject): readonly PickleValue[] {
  // A mask of missing values cannot be told in an array of numbers.
  if (attributes?.has('_mask') || /arrow/i.test(path)) return []
  const nested = args.filter((arg) => Array.isArray(arg)).flat()
  const own = Array.isArray(state) ? state : []
  return [...own, ...(attributes?.values() ?? []), ...nested]
}

function categoriesOf(dtype: PickleValue): readonly PickleValue[] | undefined {
  if (!isOf(dtype, /^pandas\..*\bCategoricalDtype$/)) return undefined
  const categories = dtype.attributes?.get('categories') ?? dtype.args[0]
  if (categories === undefined || categories === null) return undefined
  const labels = toLabels(categories)
  if (labels.length > maxCategories) throw new PickleFault(`has more than ${maxCategories} categories`)
  return labels.values()
}

/** Code -1 is a missing value. */
function spellOut(codes: NumpyArray, categories: readonly PickleValue[]): NumpyArray {
  const values = codes.toValues().map((code) => {
    const value = categories[Number(code)] ?? (code === -1 ? null : undefined)
    if (value === undefined) throw new PickleFault(`has no category ${describe(code)}`)
    return value
  })
  return NumpyArray.ofObjects(values)
}

interface Labels {
  readonly length: number
  values(): readonly PickleValue[]
}

/** Of an Index: `_new_Index(class, {'data': array, …})`, or a RangeIndex. */
function toLabels(index: PickleValue): Labels {
  if (!isOf(index, /^pandas\..*_new_Index$/))
    throw new PickleFault(`has ${describe(index)} where a pandas Index is due`)
  const [type, content] = index.args
  const name = type instanceof PickleGlobal ? type.name : ''
  const parts: PickleDict = content instanceof Map ? content : new Map()
  if (name === 'RangeIndex') {
    const range = [parts.get('start') ?? null, parts.get('stop') ?? null, parts.get('step') ?? null]
    const counted = toRange(range, maxRange)
    if (!counted) throw new PickleFault('has a RangeIndex that is endless or of no integers')
    return counted
  }
  const array = toArray(parts.get('data') ?? null)
  if (array.shape.length !== 1) throw new PickleFault(`has a pandas ${name} that is not of one dimension`)
  return { length: array.size, values: () => array.toValues() }
}

function isOf(value: PickleValue | undefined, path: RegExp): value is PickleObject {
  return value instanceof PickleObject && path.test(value.path)
}

function describe(value: PickleValue | undefined): string {
  if (value instanceof PickleObject) return value.path
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return value === null || typeof value !== 'object' ? String(value) : 'another kind of value'
}
