import { RecserveError } from '../../core/errors.js'
import { type Tensor, tensor } from '../../tensor/tensor.js'
import { exclude, topK } from '../../tensor/top-k.js'
import { type HostOp, inputOf } from './host-op.js'

/**
 * The best scores of each row, without the excluded ones. Rows of scores stay in this process: only k of n travel.
 *
 * in   scores [b, n] float32 (written to); k [b] int32; excluded_offsets [b + 1] and excluded [m] int32, a ragged list of
 *      columns per row; and optionally scaled [b] bool with scale [n] float32: rows so marked are multiplied by it first
 * out  offsets [b + 1], indices and scores [offsets[b]]: a ragged list per row, best first, ties by lower index, never NaN
 */
export const topKExcluding: HostOp = {
  name: 'top_k_excluding',
  run([scoresIn, kIn, offsetsIn, excludedIn, scaledIn, scaleIn]) {
    const scores = inputOf(scoresIn, 'scores', { dtype: 'float32', shape: [-1, -1] })
    const [rows, columns] = scoresIn!.shape as [number, number]
    const k = inputOf(kIn, 'k', { dtype: 'int32', shape: [rows] })
    const offsets = inputOf(offsetsIn, 'excluded_offsets', { dtype: 'int32', shape: [rows + 1] })
    const excluded = inputOf(excludedIn, 'excluded', { dtype: 'int32', shape: [-1] })
    const scaled = scaledIn && inputOf(scaledIn, 'scaled', { dtype: 'bool', shape: [rows] })
    const scale = scaleIn && inputOf(scaleIn, 'scale', { dtype: 'float32', shape: [columns] })
    checkOffsets(offsets, excluded.length)

    const best = Array.from({ length: rows }, (_, r) => {
      const row = scores.subarray(r * columns, (r + 1) * columns)
      if (scaled?.[r]) multiply(row, scale)
      exclude(row, excluded.subarray(offsets[r], offsets[r + 1]))
      return topK(row, k[r]!)
    })
    return ragged(best.map((row) => [row.indices, row.scores as Float32Array]))
  },
}

function checkOffsets(offsets: Int32Array, length: number): void {
  const ascends = offsets.every((offset, r) => offset >= (r === 0 ? 0 : offsets[r - 1]!))
  if (offsets[0] === 0 && offsets.at(-1) === length && ascends) return
  throw new RecserveError('invalid_argument', `input 'excluded_offsets' does not ascend from 0 to ${length}`)
}

function multiply(row: Float32Array, scale: Float32Array | undefined): void {
  if (!scale) throw new RecserveError('invalid_argument', "input 'scale' is missing: no row can be scaled")
  for (let i = 0; i < row.length; i++) row[i] = row[i]! * scale[i]!
}

function ragged(rows: readonly (readonly [Int32Array, Float32Array])[]): readonly Tensor[] {
  const offsets = new Int32Array(rows.length + 1)
  for (const [r, [indices]] of rows.entries()) offsets[r + 1] = offsets[r]! + indices.length
  const total = offsets[rows.length]!
  const indices = new Int32Array(total)
  const scores = new Float32Array(total)
  for (const [r, [rowIndices, rowScores]] of rows.entries()) {
    indices.set(rowIndices, offsets[r])
    scores.set(rowScores, offsets[r])
  }
  return [
    tensor('int32', [rows.length + 1], offsets),
    tensor('int32', [total], indices),
    tensor('float32', [total], scores),
  ]
}
