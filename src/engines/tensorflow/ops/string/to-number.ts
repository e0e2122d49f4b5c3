/** StringToNumber. */
import { stringAt } from '../../../../tensor/strings.js'
import type { Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { elementWork, latin1Of, stringsAt, textOf } from './arguments.js'
import { type NumberText, parseNumber } from './number-text.js'

const dtypes: ReadonlySet<string> = new Set<NumberText>([
  'float32',
  'float64',
  'int32',
  'int64',
  'uint32',
  'uint64',
])

const toNumber: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const dtype = attrs.type('out_type', 'float32') as NumberText
  if (!dtypes.has(dtype)) throw invalid(`StringToNumber gives no ${dtype}`)
  const out = newData(dtype, shape)
  for (let i = 0; i < out.length; i++) {
    const element = stringAt(data, i)
    spend(elementWork + element.length)
    const value = parseNumber(latin1Of(element), dtype)
    if (value === undefined)
      throw invalid(`StringToNumberOp could not correctly convert string: ${textOf(element)}`)
    out[i] = value
  }
  return [{ dtype, shape, data: out }]
}

export const toNumberOps: OpTable = { StringToNumber: { kernel: toNumber } }
