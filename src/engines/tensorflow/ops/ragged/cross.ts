/** Crossed columns of which any may be ragged: the op behind `tf.ragged.cross`. */

import { fingerprint64 } from '../../hashing/farm-hash.js'
import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { fromIntegers, inputAt, invalid } from '../array/arguments.js'
import { type Column, hashStrings, toDenseColumn, toSparseColumn } from '../sparse/columns.js'
import { crossHashes, crossTexts } from '../sparse/combinations.js'
import { readHashing, separatorV1 } from '../sparse/cross.js'
import { readSparse } from '../sparse/sparse-tensor.js'
import { readSplits } from './row-partition.js'

/** The list arguments by kind: R ragged, S sparse, D dense. */
function readColumns(inputs: readonly AnyTensor[], { attrs }: OpContext): Record<'R' | 'S' | 'D', Column[]> {
  const ragged = attrs.types('ragged_values_types').length
  const sparse = attrs.int('Nsparse')
  const dense = attrs.types('dense_types').length
  const at = (index: number) => inputAt(inputs, index)
  const afterRagged = 2 * ragged
  const afterSparse = afterRagged + 3 * sparse
  return {
    R: Array.from({ length: ragged }, (_, i) => toRaggedColumn(at(i), at(ragged + i))),
    S: Array.from({ length: sparse }, (_, i) => {
      const first = afterRagged + i
      return toSparseColumn(readSparse(at(first), at(first + sparse), at(first + 2 * sparse)))
    }),
    D: Array.from({ length: dense }, (_, i) => toDenseColumn(at(afterSparse + i))),
  }
}

function toRaggedColumn(values: AnyTensor, splits: AnyTensor): Column {
  if (values.shape.length !== 1) throw invalid('tf.ragged.cross only supports inputs with rank=2')
  return { values, offsets: readSplits(splits, values.shape[0]!) }
}

export const raggedCross: Kernel = (inputs, context) => {
  const { attrs } = context
  const byKind = readColumns(inputs, context)
  const next = { R: 0, S: 0, D: 0 }
  const columns = [...attrs.string('input_order')].map((kind) => {
    const column = Object.hasOwn(byKind, kind) ? byKind[kind as 'R']?.[next[kind as 'R']++] : undefined
    return column ?? wrongOrder(attrs.string('input_order'))
  })
  const crossed = attrs.bool('hashed_output')
    ? crossHashes(
        columns.map((column) => hashStrings(column, fingerprint64)),
        readHashing(attrs),
      )
    : crossTexts(columns, separatorV1)
  const { values, offsets } = crossed
  return [values, fromIntegers(attrs.type('out_row_splits_type'), [offsets.length], offsets)]
}

function wrongOrder(order: string): never {
  throw invalid(`input_order '${order}' does not name the inputs: R ragged, S sparse, D dense, each in turn`)
}
