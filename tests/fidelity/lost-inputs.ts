/**
 * Inputs that the recorder of the op table lost: those whose name in Python is not the OpDef's (`axis` for `reduction_indices`).
 * Their values are those of generators/tensorflow_ops.py, or follow from the shapes.
 */
import type { OpCase, RecordedTensor } from './recorded-op.js'

/** Axes in the order of the cases; undefined: the one that the shapes tell. A number is a scalar. */
const reductions: readonly (readonly number[] | number | undefined)[] = [
  undefined,
  [-1, 0],
  -2,
  [0, 1, 2],
  [],
  [1],
  [0],
  [1],
  [1],
  [-1],
  [],
  [0],
  [3],
]
const truths: typeof reductions = [[1], [0], [-1, -2], [1], 0]
const axesByOp: Readonly<Record<string, typeof reductions>> = {
  Sum: reductions,
  Mean: reductions,
  Prod: reductions,
  Max: reductions,
  Min: reductions,
  EuclideanNorm: reductions,
  All: truths,
  Any: truths,
}

/** How many inputs a case has where none is lost. */
const arity: Readonly<Record<string, number>> = { ExpandDims: 2, Select: 3, Split: 2, SplitV: 3, Where: 1 }

/** Cases with what was lost put back; without those that cannot be mended. */
export function restoreInputs(cases: readonly OpCase[]): OpCase[] {
  const seen = new Map<string, number>()
  return cases.flatMap((recorded) => {
    const { op } = recorded
    const index = seen.get(op) ?? 0
    seen.set(op, index + 1)
    const axes = axesByOp[op]
    if (axes && recorded.inputs.length === 1) return [withAxes(recorded, axes[index])]
    if (arity[op] === undefined || recorded.inputs.length === arity[op]) return [recorded]
    return mended(recorded) ?? []
  })
}

function withAxes(recorded: OpCase, axes: readonly number[] | number | undefined): OpCase {
  const dtype = recorded.attrs.Tidx?.type === 'int64' ? 'int64' : 'int32'
  return { ...recorded, inputs: [...recorded.inputs, integers(axes ?? [missingAxis(recorded)], dtype)] }
}

function mended(recorded: OpCase): OpCase[] | undefined {
  const { op, inputs } = recorded
  if (op === 'ExpandDims') {
    const dtype = recorded.attrs.Tdim?.type === 'int64' ? 'int64' : 'int32'
    return [{ ...recorded, inputs: [...inputs, integers(differingAxis(recorded), dtype)] }]
  }
  if (op === 'Split') return [{ ...recorded, inputs: [integers(differingAxis(recorded)), ...inputs] }]
  if (op === 'SplitV') return [{ ...recorded, inputs: [...inputs, integers(differingAxis(recorded))] }]
  return undefined
}

function integers(values: readonly number[] | number, dtype = 'int32'): RecordedTensor {
  return typeof values === 'number'
    ? { dtype, shape: [], data: [values] }
    : { dtype, shape: [values.length], data: values }
}

/** The axis that the output lacks. */
function missingAxis({ inputs, outputs }: OpCase): number {
  const [from, to] = [inputs[0]!.shape, outputs![0]!.shape]
  return from.findIndex((_, axis) => `${from.toSpliced(axis, 1)}` === `${to}`)
}

/** The first axis in which the output differs from the input; of a refusal, what the recorder gave. */
function differingAxis({ op, inputs, outputs }: OpCase): number {
  if (!outputs) return op === 'ExpandDims' ? 5 : 0
  const [from, to] = [inputs[0]!.shape, outputs[0]!.shape]
  const axis = to.findIndex((size, d) => size !== from[d])
  return axis < 0 ? to.length - 1 : axis
}
