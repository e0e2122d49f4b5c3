/** The vectors of a model saved natively: `<name>.npz` (libreco/bases/embed_base.py, `save`). */
import { RecserveError } from '../../core/errors.js'
import { naming, readNpzArrays } from '../../formats/npz-arrays.js'
import type { NumpyArray } from '../../formats/pickle/numpy-array.js'
import { type Matrix, row } from '../../tensor/matrix.js'
import type { ExportReader, Population } from './export.js'

const maxBytes = 2 ** 32

export interface NativeVectors {
  /** [users, width] */
  readonly users: Matrix
  /** [items, width] */
  readonly items: Matrix
  /** What the library takes for a user it does not know: the row behind the users', mostly their mean. */
  readonly unknownUser?: Float32Array
}

/** @throws RecserveError naming the file */
export async function readNativeVectors(
  reader: ExportReader,
  name: string,
  { users, catalog }: Population,
): Promise<NativeVectors> {
  const names = ['user_embed', 'item_embed']
  const arrays = await reader.read(name, (path, options) =>
    readNpzArrays(path, { ...options, names, maxBytes }),
  )
  const [userRows, itemRows] = names.map((key) => toMatrix(arrays.get(key), `${name}: "${key}"`)) as [
    Matrix,
    Matrix,
  ]
  if (userRows.columns !== itemRows.columns) {
    const text = `${name}: has users' vectors of width ${userRows.columns} and items' of ${itemRows.columns}`
    throw new RecserveError('data_loss', text)
  }
  const hasUnknown = userRows.rows > users.size
  return {
    users: firstRows(userRows, users.size, `${name}: "user_embed"`),
    items: firstRows(itemRows, catalog.size, `${name}: "item_embed"`),
    ...(hasUnknown && { unknownUser: row(userRows, users.size).slice() }),
  }
}

function toMatrix(array: NumpyArray | undefined, name: string): Matrix {
  if (!array) throw new RecserveError('data_loss', `${name} is missing: model.save writes it`)
  const { dtype, shape, data } = naming(name, () => array.toTensor())
  const [rows, columns, ...more] = shape
  const isMatrix =
    (dtype === 'float32' || dtype === 'float64' || dtype === 'float16') &&
    rows !== undefined &&
    columns !== undefined &&
    columns > 0 &&
    more.length === 0
  if (!isMatrix)
    throw new RecserveError(
      'data_loss',
      `${name}: is ${array.describe()}; a vector of floats for each row is due`,
    )
  const values = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array)
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong !== -1) {
    const place = `row ${Math.floor(wrong / columns)}, column ${wrong % columns}`
    throw new RecserveError('data_loss', `${name}: has ${values[wrong]} at ${place}; finite numbers are due`)
  }
  return { rows, columns, values }
}

/** Those of the ids; one more may be there, for what is unknown. */
function firstRows({ rows, columns, values }: Matrix, count: number, name: string): Matrix {
  if (rows !== count && rows !== count + 1) {
    const text = `${name}: has ${rows} vectors where there are ${count} ids (and one for the unknown): they are not of one training`
    throw new RecserveError('failed_precondition', text)
  }
  return { rows: count, columns, values: values.subarray(0, count * columns) }
}
