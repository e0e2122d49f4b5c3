/** SciPy's sparse matrices and arrays in pickles (scipy/sparse/_compressed.py, _coo.py, _dia.py, _dok.py, _lil.py). */
import type { NumericType } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'
import { NumpyArray, toShape } from './numpy-array.js'
import { PickleFault, PickleObject, type PickleValue } from './value.js'

/** A sparse matrix whose indices are known to lie in its shape. */
export type SparseMatrix = CompressedMatrix | CoordinateMatrix

/** Row after row (`csr`), or column after column (`csc`). */
export interface CompressedMatrix {
  readonly format: 'csr' | 'csc'
  /** [rows, columns]. */
  readonly shape: readonly [number, number]
  readonly data: Tensor<NumericType>
  /** Column of each value in a row, or row in a column; the same may occur twice and is then meant to be added. */
  readonly indices: Int32Array
  /** `rows + 1`, or `columns + 1`, ascending positions in `data`. */
  readonly indptr: Int32Array
}

/** Value by value; the same place may occur twice and is then meant to be added. */
export interface CoordinateMatrix {
  readonly format: 'coo'
  /** [rows, columns]. */
  readonly shape: readonly [number, number]
  readonly data: Tensor<NumericType>
  readonly row: Int32Array
  readonly col: Int32Array
}

const sparsePath = /^scipy\.sparse\..*\b(csr|csc|coo|lil|dok|dia|bsr)_(matrix|array)$/

/** Whether `toSparseMatrix` is meant for it. */
export const isSparse = (value: PickleValue | undefined): value is PickleObject =>
  value instanceof PickleObject && sparsePath.test(value.path)

/**
 * Row lists (`lil`) become `csr`; dictionaries (`dok`) and diagonals (`dia`) become `coo`.
 *
 * @throws PickleFault for what is no sparse matrix of SciPy, is damaged, or is of blocks (`bsr`)
 */
export function toSparseMatrix(value: PickleValue | undefined): SparseMatrix {
  if (!isSparse(value)) throw new PickleFault('has no sparse matrix of SciPy where one is due')
  const format = sparsePath.exec(value.path)?.[1]
  if (format === 'csr' || format === 'csc') return toCompressed(value, format)
  if (format === 'coo') return toCoordinates(value)
  if (format === 'lil') return toRowLists(value)
  if (format === 'dok') return toDictionary(value)
  if (format === 'dia') return toDiagonals(value)
  throw new PickleFault('has a sparse matrix of blocks (bsr), which cannot be read; write it as csr')
}

function toCompressed(object: PickleObject, format: 'csr' | 'csc'): CompressedMatrix {
  const shape = shapeOf(object)
  const [rows, columns] = shape
  const [count, limit] = format === 'csr' ? [rows, columns] : [columns, rows]
  const data = toVector(attribute(object, 'data'))
  const indices = toIndices(attribute(object, 'indices'), limit)
  const indptr = toIndices(attribute(object, 'indptr'), data.data.length + 1)
  const isAscending = indptr.every((at, i) => (i === 0 ? at === 0 : at >= indptr[i - 1]!))
  const used = indptr.at(-1) ?? 0
  if (
    indptr.length !== count + 1 ||
    !isAscending ||
    used > indices.length ||
    indices.length !== data.data.length
  )
    throw new PickleFault(`has a sparse matrix of shape [${shape}] whose indptr does not fit it`)
  return { format, shape, data, indices, indptr }
}

function toCoordinates(object: PickleObject): CoordinateMatrix {
  const shape = shapeOf(object)
  const data = toVector(attribute(object, 'data'))
  const coords = object.attributes?.get('coords')
  const [row, col] = Array.isArray(coords) ? coords : [attribute(object, 'row'), attribute(object, 'col')]
  const places = { row: toIndices(row, shape[0]), col: toIndices(col, shape[1]) }
  if (places.row.length !== data.data.length || places.col.length !== data.data.length)
    throw new PickleFault('has a sparse matrix with more values than places')
  return { format: 'coo', shape, data, ...places }
}

/** Arrays of lists: columns and values by row. */
function toRowLists(object: PickleObject): CompressedMatrix {
  const shape = shapeOf(object)
  const [columns, values] = ['rows', 'data'].map((name) => toLists(attribute(object, name), shape[0]))
  const indptr = new Int32Array(shape[0] + 1)
  for (let i = 0; i < shape[0]; i++) {
    if (columns![i]!.length !== values![i]!.length)
      throw new PickleFault('has a sparse matrix with more values than places')
    indptr[i + 1] = indptr[i]! + columns![i]!.length
  }
  return {
    format: 'csr',
    shape,
    data: toNumbers(values!.flat()),
    indices: toPlaces(columns!.flat(), shape[1]),
    indptr,
  }
}

/** Values by `(row, column)`: a dict itself before SciPy 1.13, one of its own since. */
function toDictionary(object: PickleObject): CoordinateMatrix {
  const shape = shapeOf(object)
  const own = object.attributes?.get('_dict')
  const entries = [...(own instanceof Map ? own : object.entries)]
  const places = entries.map(([place]) => {
    if (!Array.isArray(place) || place.length !== 2)
      throw new PickleFault('has a sparse matrix without places')
    return place as readonly PickleValue[]
  })
  return {
    format: 'coo',
    shape,
    data: toNumbers(entries.map(([, value]) => value)),
    row: toPlaces(
      places.map(([row]) => row),
      shape[0],
    ),
    col: toPlaces(
      places.map(([, col]) => col),
      shape[1],
    ),
  }
}

/** `data[k, column]` lies at row `column - offsets[k]`. */
function toDiagonals(object: PickleObject): CoordinateMatrix {
  const shape = shapeOf(object)
  const table = attribute(object, 'data')
  const offsets = attribute(object, 'offsets')
  if (!(table instanceof NumpyArray) || table.shape.length !== 2 || !(offsets instanceof NumpyArray))
    throw new PickleFault('has a sparse matrix without diagonals')
  const steps = offsets.toValues()
  const [row, col, values]: [number[], number[], PickleValue[]] = [[], [], []]
  for (const [k, diagonal] of table.toRows().entries()) {
    for (const [column, value] of diagonal.toValues().entries()) {
      const at = column - Number(steps[k])
      if (column >= shape[1] || !(at >= 0 && at < shape[0])) continue
      row.push(at)
      col.push(column)
      values.push(value)
    }
  }
  return {
    format: 'coo',
    shape,
    data: toNumbers(values),
    row: Int32Array.from(row),
    col: Int32Array.from(col),
  }
}

function attribute({ attributes }: PickleObject, name: string): PickleValue {
  const value = attributes?.get(name)
  if (value === undefined) throw new PickleFault(`has a sparse matrix without ${name}`)
  return value
}

/** Both sizes are bounded by what 32-bit indices can say. */
function shapeOf({ attributes }: PickleObject): readonly [number, number] {
  const [rows, columns, ...more] = toShape(attributes?.get('_shape') ?? attributes?.get('shape'))
  if (rows === undefined || columns === undefined || more.length > 0 || Math.max(rows, columns) >= 2 ** 31)
    throw new PickleFault('has a sparse matrix that is not of two dimensions')
  return [rows, columns]
}

function toVector(value: PickleValue): Tensor<NumericType> {
  const tensor = value instanceof NumpyArray ? value.toTensor() : undefined
  if (!tensor || tensor.dtype === 'string' || tensor.shape.length !== 1)
    throw new PickleFault('has a sparse matrix whose values are no vector')
  return tensor
}

/** Integers from 0 to below `limit`. */
function toIndices(value: PickleValue | undefined, limit: number): Int32Array {
  if (!(value instanceof NumpyArray)) throw new PickleFault('has a sparse matrix whose indices are no array')
  return toPlaces(value.toValues(), limit)
}

function toPlaces(values: readonly (PickleValue | undefined)[], limit: number): Int32Array {
  const wrong = values.find((at) => !Number.isInteger(at) || (at as number) < 0 || (at as number) >= limit)
  if (wrong !== undefined)
    throw new PickleFault(`has a sparse matrix with an index ${String(wrong)} of ${limit}`)
  return Int32Array.from(values as readonly number[])
}

function toLists(value: PickleValue, count: number): readonly (readonly PickleValue[])[] {
  const lists = value instanceof NumpyArray ? value.toValues() : []
  if (lists.length !== count || !lists.every((list) => Array.isArray(list)))
    throw new PickleFault(`has a sparse matrix of ${count} rows without as many lists`)
  return lists as readonly (readonly PickleValue[])[]
}

/** Python's numbers and NumPy's, as float64. */
function toNumbers(values: readonly PickleValue[]): Tensor<'float64'> {
  const data = Float64Array.from(values, (value) => {
    const isNumber = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    return isNumber ? Number(value) : Number.NaN
  })
  return { dtype: 'float64', shape: [values.length], data }
}
