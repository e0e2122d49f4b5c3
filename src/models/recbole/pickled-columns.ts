/** Columns of the tables in RecBole's pickles: pandas DataFrames before a data set is built, Interactions of tensors after. */
import { RecserveError } from '../../core/errors.js'
import { NumpyArray } from '../../formats/pickle/numpy-array.js'
import { isDataFrame, toDataFrame } from '../../formats/pickle/pandas.js'
import { PickleFault, PickleObject, type PickleValue } from '../../formats/pickle/value.js'
import { TorchTensor } from '../../formats/torch/torch-tensor.js'
import type { NumericType } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'
import { PaddingBudget, widthOf } from './padded-rows.js'

/** Numbers of one field: `[rows]`, or `[rows, width]` row-major with zeros on the right. */
export interface PickledColumn {
  readonly rows: number
  /** Undefined for one number per row. */
  readonly width: number | undefined
  readonly values: Float64Array
}

/** A table whose columns are read when they are asked for. */
export interface PickledTable {
  readonly fields: readonly string[]
  /**
   * @param isPaired whether every value is a pair with the index of its bucket (`numerical_features`), which is left out
   * @throws RecserveError `data_loss` where the field is missing or holds no numbers; `resource_exhausted` for lists too
   * large when padded
   */
  read(field: string, isPaired?: boolean): Promise<PickledColumn>
}

/** Undefined for None and for what is no table. */
export function toPickledTable(value: PickleValue | undefined, source: string): PickledTable | undefined {
  if (isDataFrame(value)) {
    const { columns } = named(source, () => toDataFrame(value))
    const budget = new PaddingBudget()
    return tableOf(columns, source, async (column, { isPaired, place }) => {
      if (!(column instanceof NumpyArray)) throw new PickleFault('is no array')
      if (!column.dtype.isObject) return flat(column.toTensor())
      const claim = (rows: number, width: number) => budget.claim(place, rows, width)
      return fromObjects(column.toValues(), isPaired, claim)
    })
  }
  const tensors = value instanceof PickleObject ? value.attributes?.get('interaction') : undefined
  if (!(tensors instanceof Map)) return undefined
  return tableOf(tensors, source, async (tensor, { isPaired }) => {
    if (!(tensor instanceof TorchTensor)) throw new PickleFault('is no tensor')
    return fromTensor(await tensor.read(), isPaired)
  })
}

function tableOf(
  columns: ReadonlyMap<PickleValue, PickleValue>,
  source: string,
  read: (
    column: PickleValue,
    options: { readonly isPaired: boolean; readonly place: string },
  ) => Promise<PickledColumn>,
): PickledTable {
  return {
    fields: [...columns.keys()].filter((field) => typeof field === 'string'),
    async read(field, isPaired = false) {
      const column = columns.get(field)
      if (column === undefined) throw new RecserveError('data_loss', `${source}: has no field ${field}`)
      const place = `${source}: field ${field}`
      return read(column, { isPaired, place }).catch((error: unknown) => {
        throw asDataLoss(error, place)
      })
    },
  }
}

/** Gives what is wrong with a pickle's value its place. */
export function named<T>(place: string, take: () => T): T {
  try {
    return take()
  } catch (error) {
    throw asDataLoss(error, place)
  }
}

function asDataLoss(error: unknown, place: string): unknown {
  return error instanceof PickleFault
    ? new RecserveError('data_loss', `${place}: ${error.message}`, { cause: error })
    : error
}

type AnyNumbers = ReturnType<NumpyArray['toTensor']>

function flat(tensor: AnyNumbers): PickledColumn {
  const values = toFloat64(tensor)
  return { rows: values.length, width: undefined, values }
}

function toFloat64(tensor: AnyNumbers): Float64Array {
  if (tensor.dtype === 'string') throw new PickleFault('holds text where numbers are due')
  const { data } = tensor
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data as Iterable<bigint>, Number)
    : Float64Array.from(data as Iterable<number>)
}

/** [n], [n, width], and with a further axis of 2 where values are pairs. */
function fromTensor(tensor: Tensor<NumericType>, isPaired: boolean): PickledColumn {
  const shape = isPaired ? tensor.shape.slice(0, -1) : tensor.shape
  const [rows, width, ...more] = shape
  if (rows === undefined || more.length > 0) throw new PickleFault(`is of shape [${tensor.shape}]`)
  const all = toFloat64(tensor)
  return { rows, width, values: isPaired ? all.filter((_, index) => index % 2 === 0) : all }
}

/**
 * Cells that are arrays, or pairs of a value and an index, or numbers.
 *
 * @param claim is told rows and width before as many numbers are held
 */
function fromObjects(
  cells: readonly PickleValue[],
  isPaired: boolean,
  claim: (rows: number, width: number) => void,
): PickledColumn {
  const firsts = isPaired ? cells.map((cell) => (Array.isArray(cell) ? cell[0]! : cell)) : cells
  if (firsts.every((cell) => typeof cell === 'number')) {
    return { rows: cells.length, width: undefined, values: Float64Array.from(firsts as number[]) }
  }
  const width = widthOf(firsts.length, (row) => lengthOf(firsts[row]!))
  claim(firsts.length, width)
  const values = new Float64Array(firsts.length * width)
  // A list may be shared by many cells: only one is taken at a time.
  for (const [row, cell] of firsts.entries()) {
    const list = toNumbers(cell)
    if (list.length > width) throw new PickleFault('has a cell of numbers that are pairs')
    values.set(list, row * width)
  }
  return { rows: firsts.length, width, values }
}

function lengthOf(cell: PickleValue): number {
  if (cell instanceof NumpyArray) return cell.size
  return Array.isArray(cell) ? cell.length : 0
}

function toNumbers(cell: PickleValue): ArrayLike<number> {
  if (cell instanceof NumpyArray) return cell.size === 0 ? [] : toFloat64(cell.toTensor())
  if (Array.isArray(cell) && cell.every((value) => typeof value === 'number')) return cell
  throw new PickleFault('has a cell that is no list of numbers')
}
