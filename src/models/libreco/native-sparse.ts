/** SciPy's sparse matrices in .npz files (scipy/sparse/_matrix_io.py, `save_npz`), and what LibRecommender keeps of similarities. */
import { RecserveError } from '../../core/errors.js'
import type { FileBytesOptions } from '../../formats/file-bytes.js'
import { naming, readNpzArrays } from '../../formats/npz-arrays.js'
import type { NumpyArray } from '../../formats/pickle/numpy-array.js'
import { createTurns } from '../../formats/turns.js'
import type { SparseMatrix } from '../../tensor/ragged.js'

export interface ShapedMatrix extends SparseMatrix {
  readonly rows: number
  readonly limit: number
}

const arrays = ['format', 'shape', 'data', 'indices', 'indptr'] as const

/**
 * A matrix in `csr` form, as LibRecommender has all of its own.
 *
 * @throws RecserveError naming the file: `data_loss` where its arrays do not fit each other, `failed_precondition` for another form
 */
export async function readCsrNpz(path: string, options: FileBytesOptions): Promise<ShapedMatrix> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const found = await readNpzArrays(path, { ...options, names: arrays })
  const array = (key: (typeof arrays)[number]): NumpyArray => {
    const value = found.get(key)
    return value ?? fail(name, `has no array "${key}", which scipy.sparse.save_npz writes`)
  }
  const form = formOf(array('format'), name)
  if (form !== 'csr') {
    const text = `${name}: is a sparse matrix of form ${JSON.stringify(form)}; csr is due, as LibRecommender writes`
    throw new RecserveError('failed_precondition', text)
  }
  const [rows, limit] = shapeOf(array('shape'), name)
  const weights = Float32Array.from(numbersOf(array('data'), `${name}: "data"`))
  const columns = toInt32(numbersOf(array('indices'), `${name}: "indices"`))
  const offsets = toInt32(numbersOf(array('indptr'), `${name}: "indptr"`))
  const isFitting =
    offsets.length === rows + 1 && columns.length === weights.length && isAscending(offsets, columns.length)
  if (!isFitting) fail(name, `has indptr and indices that do not fit a matrix of shape [${rows}, ${limit}]`)
  const wrong = columns.findIndex((column) => column < 0 || column >= limit)
  if (wrong !== -1) fail(name, `has column ${columns[wrong]} of ${limit}`)
  return { rows, limit, offsets, columns, weights }
}

/** @throws RecserveError `failed_precondition` for one of another shape */
export function requireShape(matrix: ShapedMatrix, [rows, limit]: readonly [number, number], name: string) {
  if (matrix.rows === rows && matrix.limit === limit) return matrix
  const text = `${name}: is of shape [${matrix.rows}, ${matrix.limit}], where the ids are of [${rows}, ${limit}]: they are not of one training`
  throw new RecserveError('failed_precondition', text)
}

/** The `k` largest of each row, best first, equal ones in the row's order (libreco/bases/cf_base.py, `get_top_k_sims`). */
export async function toNearest(
  { offsets, columns, weights }: SparseMatrix,
  { k, signal }: { readonly k: number; readonly signal?: AbortSignal | undefined },
): Promise<SparseMatrix> {
  const turn = createTurns(signal)
  const kept = new Int32Array(offsets.length)
  for (let r = 0; r + 1 < offsets.length; r++)
    kept[r + 1] = kept[r]! + Math.min(k, offsets[r + 1]! - offsets[r]!)
  const total = kept.at(-1)!
  const nearest = { offsets: kept, columns: new Int32Array(total), weights: new Float32Array(total) }
  for (let r = 0; r + 1 < offsets.length; r++) {
    const places = Int32Array.from({ length: offsets[r + 1]! - offsets[r]! }, (_, i) => offsets[r]! + i)
    places.sort((a, b) => weights[b]! - weights[a]! || a - b)
    for (let i = kept[r]!; i < kept[r + 1]!; i++) {
      const place = places[i - kept[r]!]!
      nearest.columns[i] = columns[place]!
      nearest.weights[i] = weights[place]!
    }
    await turn()
  }
  return nearest
}

function formOf(array: NumpyArray, name: string): string {
  const [form] = naming(`${name}: "format"`, () => array.toValues())
  return form instanceof Uint8Array ? Buffer.from(form.subarray(0, 20)).toString('latin1') : String(form)
}

function shapeOf(array: NumpyArray, name: string): readonly [number, number] {
  const sizes = numbersOf(array, `${name}: "shape"`)
  const isShape =
    sizes.length === 2 && sizes.every((size) => Number.isInteger(size) && size >= 0 && size < 2 ** 31)
  if (!isShape) fail(name, 'is not of two dimensions')
  return [sizes[0]!, sizes[1]!]
}

type Numbers = Float32Array | Float64Array | Int32Array

/** @throws RecserveError for what is no vector of numbers */
export function numbersOf(array: NumpyArray, name: string): Numbers {
  const { dtype, shape, data } = naming(name, () => array.toTensor())
  if (dtype === 'string' || dtype === 'complex64' || dtype === 'complex128' || shape.length !== 1)
    return fail(name, `is ${array.describe()}; a vector of numbers is due`)
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array) return data
  return Float64Array.from(data as ArrayLike<number | bigint>, Number)
}

/** Numbers beyond 32 bits become -1, which no index is. */
function toInt32(numbers: Numbers): Int32Array {
  if (numbers instanceof Int32Array) return numbers
  return Int32Array.from(numbers, (value) => (value === (value | 0) ? value : -1))
}

function isAscending(offsets: Int32Array, end: number): boolean {
  return offsets.every((at, i) => (i === 0 ? at === 0 : at >= offsets[i - 1]!)) && offsets.at(-1) === end
}

function fail(name: string, text: string): never {
  throw new RecserveError('data_loss', `${name}: ${text}`)
}
