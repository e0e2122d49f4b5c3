/** Tables with a row per item that are computed once, on the host, when a model is built. */
import { type Matrix, row } from '../../../tensor/matrix.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Weights } from '../architecture.js'

/** A table of the state_dict. @throws RecserveError as `Weights.get` */
export function tableOf(weights: Weights, key: string, [rows, columns]: readonly [number, number]): Matrix {
  return { rows, columns, values: weights.get(key, [rows, columns]).data }
}

/** The same memory as a tensor. */
export const toTensor = ({ rows, columns, values }: Matrix): Tensor<'float32'> =>
  tensor('float32', [rows, columns], values as Float32Array<ArrayBuffer>)

/** The rows of tables of as many rows, one after the other. */
export function sideBySide(tables: readonly Matrix[]): Matrix {
  const rows = tables[0]!.rows
  const columns = tables.reduce((sum, table) => sum + table.columns, 0)
  const joined = { rows, columns, values: new Float32Array(rows * columns) }
  for (let r = 0; r < rows; r++) {
    let at = 0
    for (const table of tables) {
      row(joined, r).set(row(table, r), at)
      at += table.columns
    }
  }
  return joined
}

/**
 * PyTorch's `nn.Linear` of every row.
 * @param layer.key reads `key.weight` [to, columns] and `key.bias` [to]
 * @returns [rows, to]
 */
export function linearRows(
  table: Matrix,
  weights: Weights,
  layer: { readonly key: string; readonly to: number },
): Matrix {
  const { key, to } = layer
  const weight = tableOf(weights, `${key}.weight`, [to, table.columns])
  const bias = weights.get(`${key}.bias`, [to]).data
  const result = { rows: table.rows, columns: to, values: new Float32Array(table.rows * to) }
  for (let r = 0; r < table.rows; r++) {
    const input = row(table, r)
    for (let j = 0; j < to; j++) result.values[r * to + j] = dot(input, row(weight, j)) + bias[j]!
  }
  return result
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
