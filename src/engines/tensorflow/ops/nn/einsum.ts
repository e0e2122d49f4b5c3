/** Einsum: both inputs are brought into the form of matrices, multiplied, and the product's axes put in order. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { sizeOf, type Tensor } from '../../../../tensor/tensor.js'
import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import { type Equation, parseEquation } from './einsum-equation.js'
import { elementWidth, expectSameType, numericInput, refuse, rounded, zeros } from './inputs.js'
import { multiply } from './multiply.js'
import { arrayLike, gather, offsetsOf, stepsOf } from './strided.js'

type Labels = readonly string[]
type Dimensions = ReadonlyMap<string, number>

/** An input by label: how far apart neighbours are along it; a label that is repeated walks the diagonal. */
interface Operand {
  readonly tensor: Tensor<NumericType>
  readonly steps: ReadonlyMap<string, number>
}

export const einsum: Kernel = (inputs, context) => {
  const tensors = inputs.map((_, i) => numericInput(inputs, i, context))
  if (tensors.length !== 1 && tensors.length !== 2)
    refuse(context, `takes one or two inputs, not ${tensors.length}`)
  for (const input of tensors) expectSameType(tensors[0]!, input, context)
  const equation = parseEquation(
    context.attrs.string('equation'),
    tensors.map(({ shape }) => shape.length),
    context,
  )
  const dimensions = dimensionsOf(equation, tensors, context)
  const operands = tensors.map((tensor, i) => toOperand(tensor, equation.inputs[i]!, dimensions))
  const { dtype } = tensors[0]!
  const product =
    operands.length === 1 ? alone(operands[0]!, equation, dimensions) : pair(operands, equation, dimensions)
  const outShape = sizesOf(equation.output, dimensions)
  const out = zeros(dtype, outShape)
  scatter(product.data, out.data, toOperand(out, equation.output, dimensions).steps, {
    labels: product.labels,
    dimensions,
    width: elementWidth(dtype),
  })
  return [rounded(dtype, outShape, out.data)]
}

/** Size of each label; axes that an ellipsis stands for broadcast. */
function dimensionsOf(
  { inputs }: Equation,
  tensors: readonly Tensor<NumericType>[],
  context: OpContext,
): Dimensions {
  const dimensions = new Map<string, number>()
  for (const [i, labels] of inputs.entries()) {
    for (const [axis, label] of labels.entries()) {
      const size = tensors[i]!.shape[axis]!
      const known = dimensions.get(label)
      const broadcasts = /\d/.test(label) && (size === 1 || known === 1)
      if (known === undefined || (broadcasts && known === 1)) dimensions.set(label, size)
      else if (known !== size && !broadcasts) {
        refuse(
          context,
          `Expected dimension ${known} at axis ${axis} of the input shaped [${tensors[i]!.shape}] but got dimension ${size}`,
        )
      }
    }
  }
  return dimensions
}

function toOperand(tensor: Tensor<NumericType>, labels: Labels, dimensions: Dimensions): Operand {
  const steps = new Map<string, number>()
  for (const [axis, step] of stepsOf(tensor.shape).entries()) {
    const label = labels[axis]!
    const isBroadcast = tensor.shape[axis] === 1 && dimensions.get(label) !== 1
    steps.set(label, (steps.get(label) ?? 0) + (isBroadcast ? 0 : step))
  }
  return { tensor, steps }
}

interface Product {
  readonly labels: Labels
  readonly data: TypedArray
}

/** One input: what is not in the output is summed. */
function alone(operand: Operand, { output }: Equation, dimensions: Dimensions): Product {
  const all = [...operand.steps.keys()]
  const labels = all.filter((label) => output.includes(label))
  const summed = all.filter((label) => !output.includes(label))
  return { labels, data: arrange(operand, labels, summed, dimensions) }
}

/** Two inputs, as batches of matrices: [batch, rows, inner] and [batch, inner, columns]. */
function pair([a, b]: readonly Operand[], { output }: Equation, dimensions: Dimensions): Product {
  const only = (from: Operand, other: Operand, isKept: boolean) =>
    [...from.steps.keys()].filter((label) => !other.steps.has(label) && output.includes(label) === isKept)
  const shared = [...a!.steps.keys()].filter((label) => b!.steps.has(label))
  const batch = shared.filter((label) => output.includes(label))
  const inner = shared.filter((label) => !output.includes(label))
  const rows = only(a!, b!, true)
  const columns = only(b!, a!, true)
  const left = arrange(a!, [...batch, ...rows, ...inner], only(a!, b!, false), dimensions)
  const right = arrange(b!, [...batch, ...inner, ...columns], only(b!, a!, false), dimensions)
  const [m, k, n] = [rows, inner, columns].map((labels) => sizeOf(sizesOf(labels, dimensions))) as [
    number,
    number,
    number,
  ]
  const labels = [...batch, ...rows, ...columns]
  const { dtype } = a!.tensor
  const out = zeros(dtype, sizesOf(labels, dimensions)).data
  for (let i = 0; i < sizeOf(sizesOf(batch, dimensions)); i++) {
    multiply({
      dtype,
      rows: m,
      inner: k,
      columns: n,
      a: { data: left, at: i * m * k, rowStep: k, columnStep: 1 },
      b: { data: right, at: i * k * n, rowStep: n, columnStep: 1 },
      out,
      outAt: i * m * n,
    })
  }
  return { labels, data: out }
}

/** The operand with axes in this order, contiguous, others summed away. */
function arrange(
  { tensor, steps }: Operand,
  kept: Labels,
  summed: Labels,
  dimensions: Dimensions,
): TypedArray {
  const offsets = (labels: Labels) =>
    offsetsOf(
      sizesOf(labels, dimensions),
      labels.map((label) => steps.get(label)!),
    )
  const width = elementWidth(tensor.dtype)
  const outer = offsets(kept.slice(0, -1))
  const last = offsets(kept.slice(-1))
  if (summed.length === 0) return gather(tensor.data, { outer, inner: last, width })
  const cells = gather(tensor.data, { outer: offsets(kept), inner: offsets(summed), width })
  return sumRows(cells, sizeOf(sizesOf(kept, dimensions)), width)
}

/** Sums each of `rows` equal parts. */
function sumRows(data: TypedArray, rows: number, width: number): TypedArray {
  const length = rows === 0 ? 0 : data.length / rows
  const sums = data instanceof Float32Array ? newScratch(rows * width) : arrayLike(data, rows * width)
  // Numbers or bigints alike; integers wrap as they are stored.
  const from = data as Float64Array
  const to = sums as Float64Array
  for (let i = 0, r = 0; r < rows; r++) {
    spend(length)
    for (const end = (r + 1) * length; i < end; i++) to[r * width + (i % width)]! += from[i]!
  }
  return sums
}

/** Puts a product into the output, whose repeated labels are its diagonals. */
function scatter(
  data: TypedArray,
  out: TypedArray,
  steps: ReadonlyMap<string, number>,
  { labels, dimensions, width }: { labels: Labels; dimensions: Dimensions; width: number },
): void {
  const places = offsetsOf(
    sizesOf(labels, dimensions),
    labels.map((label) => steps.get(label)!),
  )
  const from = data as Float64Array
  const to = out as Float64Array
  for (let i = 0; i < places.length; i++) {
    spend(width)
    for (let w = 0; w < width; w++) to[places[i]! * width + w] = from[i * width + w]!
  }
}

function sizesOf(labels: Labels, dimensions: Dimensions): number[] {
  return labels.map((label) => dimensions.get(label)!)
}
