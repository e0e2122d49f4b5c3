/** Ops that change slices of a variable, and those that gather from one. */
import type { TypedArray } from '../../../tensor/dtype.js'
import { isComplex, sizeOf } from '../../../tensor/tensor.js'
import type { AnyTensor, Kernel, StatefulContext, StatefulKernel, StatefulOpTable, Value } from '../op.js'
import { type Variable, variableOf } from '../variable.js'
import { sameShape, shapeText, toIntegers } from './array/arguments.js'
import { type Combination, combineOf } from './array/combine.js'
import { openElements } from './array/elements.js'
import { gather, gatherOps, positionText } from './array/gather.js'
import { fillElement } from './array/moves.js'
import { scatterOps as tensorScatterOps } from './array/scatter.js'
import { invalid, tensorOf } from './rows.js'

type Change = Combination | 'update' | 'div'

interface Scatter {
  readonly rows: ArrayLike<number>
  readonly updates: AnyTensor
  /** Elements a row. */
  readonly count: number
}

/** Row `indices[i]` of the variable changed by row i of the updates, in order. */
function scatter(how: Change, give: (handle: Value) => readonly Value[]): StatefulKernel {
  return ([handle, indices, updates], context) => {
    const variable = variableOf(handle)
    const change = readScatter(variable.peek(), tensorOf(indices), tensorOf(updates))
    if (how === 'update') update(variable, change)
    else combine(variable, change, how, context)
    return give(handle!)
  }
}

function readScatter({ shape, dtype }: AnyTensor, indices: AnyTensor, updates: AnyTensor): Scatter {
  if (shape.length === 0) throw invalid('params must be at least 1-D, got shape []')
  if (dtype !== updates.dtype) throw invalid(`updates must be ${dtype}, got ${updates.dtype}`)
  const rows = toIntegers(indices)
  for (let i = 0; i < rows.length; i++) {
    if (rows[i]! >= 0 && rows[i]! < shape[0]!) continue
    throw invalid(`indices${positionText(i, indices.shape)} = ${rows[i]} is not in [0, ${shape[0]})`)
  }
  const row = shape.slice(1)
  const isScalar = updates.shape.length === 0
  if (!isScalar && !sameShape(updates.shape, [...indices.shape, ...row])) {
    const text = `Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape`
    throw invalid(
      `${text} ${shapeText(updates.shape)}, indices.shape ${shapeText(indices.shape)}, params.shape ${shapeText(shape)}`,
    )
  }
  return {
    rows,
    updates: isScalar ? repeat(updates, rows.length * sizeOf(row)) : updates,
    count: sizeOf(row),
  }
}

function repeat(value: AnyTensor, count: number): AnyTensor {
  const elements = openElements([value])
  const out = elements.create([count])
  const [words] = elements.sources
  fillElement(words!, out, 0, count)
  return elements.toTensor([count], out)
}

/** Where every row has its new value already (a padding row that is zeroed in every run) nothing is written or copied. */
function update(variable: Variable, { rows, updates, count }: Scatter): void {
  const value = variable.peek()
  const elements = openElements([value, updates])
  const [before, after] = elements.sources
  const block = count * elements.unit
  if (value.dtype !== 'string' && isSame(before!, after!, rows, block)) return
  const words = elements.create(value.shape)
  words.set(before!)
  for (let i = 0; i < rows.length; i++)
    words.set(after!.subarray(i * block, (i + 1) * block), rows[i]! * block)
  variable.assign(elements.toTensor(value.shape, words), { anyShape: true })
}

function isSame(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  rows: ArrayLike<number>,
  block: number,
): boolean {
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * block
    for (let j = 0; j < block; j++) if (before[at + j] !== after[i * block + j]) return false
  }
  return true
}

function combine(
  variable: Variable,
  { rows, updates, count }: Scatter,
  how: Exclude<Change, 'update'>,
  context: StatefulContext,
): void {
  if (updates.dtype === 'string') throw invalid(`${context.op} takes numbers, got strings`)
  const width = count * (isComplex(updates.dtype) ? 2 : 1)
  const data = variable.writableData()
  if (how === 'div') {
    divide(data, updates.data, rows, width)
    return
  }
  const into = combineOf(how, updates.dtype)
  for (let i = 0; i < rows.length; i++)
    into(data, rows[i]! * width, updates.data, { start: i * width, count: width })
}

function divide(data: TypedArray, updates: TypedArray, rows: ArrayLike<number>, width: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    throw invalid('64-bit integers cannot be divided in place')
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < width; j++) data[rows[i]! * width + j]! /= Number(updates[i * width + j]!)
  }
}

/** Kernels on tensors do the work; the variable takes the result. */
function scatterNd(op: string, give: (handle: Value) => readonly Value[]): StatefulKernel {
  const { kernel } = tensorScatterOps[op]!
  return ([handle, indices, updates], context) => {
    const variable = variableOf(handle)
    const [value] = kernel([variable.peek(), tensorOf(indices), tensorOf(updates)], context)
    variable.assign(value!, { anyShape: true })
    return give(handle!)
  }
}

const resourceGather: StatefulKernel = ([handle, indices], { attrs }) => {
  const params = variableOf(handle).peek()
  const batchDims = attrs.int('batch_dims', 0)
  if (params.shape.length === 0) throw invalid('params must be at least 1 dimensional')
  const axis = batchDims < 0 ? batchDims + tensorOf(indices).shape.length : batchDims
  return [gather(params, tensorOf(indices), { axis, batchDims: axis })]
}

const gatherNd: Kernel = gatherOps.GatherNd!.kernel

const resourceGatherNd: StatefulKernel = ([handle, indices], context) =>
  gatherNd([variableOf(handle).peek(), tensorOf(indices)], context)

const none = (): readonly Value[] => []
const same = (handle: Value): readonly Value[] => [handle]

const changes: readonly (readonly [string, Change])[] = [
  ['Update', 'update'],
  ['Add', 'add'],
  ['Sub', 'sub'],
  ['Mul', 'mul'],
  ['Div', 'div'],
  ['Min', 'min'],
  ['Max', 'max'],
]
const ndChanges = ['Update', 'Add', 'Sub', 'Max', 'Min']

const write = { effect: 'write' } as const
const ref = { refs: [0], givesRef: true } as const

export const scatterOps: StatefulOpTable = {
  ResourceGather: { stateful: resourceGather },
  ResourceGatherNd: { stateful: resourceGatherNd },
  ...Object.fromEntries(
    changes.flatMap(([name, how]) => [
      [`ResourceScatter${name}`, { stateful: scatter(how, none), ...write }],
      [`Scatter${name}`, { stateful: scatter(how, same), ...write, ...ref }],
    ]),
  ),
  ...Object.fromEntries(
    ndChanges.flatMap((name) => [
      [`ResourceScatterNd${name}`, { stateful: scatterNd(`TensorScatter${name}`, none), ...write }],
      [`ScatterNd${name}`, { stateful: scatterNd(`TensorScatter${name}`, same), ...write, ...ref }],
    ]),
  ),
}
