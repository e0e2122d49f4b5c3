/** Runs of many rows, block by block: what is between the inputs and the outputs stays in the processor's cache. */
import { RecserveError } from '../../core/errors.js'
import { sizeOf } from '../../tensor/tensor.js'
import type { AnyTensor } from './op.js'

type Tensors = Readonly<Record<string, AnyTensor>>

/**
 * Rows of a block. Measured with NeuMF, a two-tower and a DIN at 50,000 rows (bench/against-tensorflow.ts): blocks of 512 to
 * 2,048 rows differ by a few percent, the whole in one takes 1.8 to 2.7 times as long.
 */
const blockRows = 1024

/**
 * @param run of a graph whose rows do not depend on each other, on inputs that all have the same first size
 * @returns what `run` gives for all rows at once
 */
export function runInBlocks(inputs: Tensors, run: (inputs: Tensors) => Tensors): Tensors {
  const rows = commonRows(inputs)
  if (rows === undefined || rows < 2 * blockRows) return run(inputs)
  try {
    return joinBlocks(inputs, rows, run)
  } catch (error) {
    if (!(error instanceof RecserveError) || isOver(error)) throw error
    // A refusal names a row: as it is counted in the whole.
    return run(inputs)
  }
}

const isOver = ({ code }: RecserveError): boolean => code === 'deadline_exceeded' || code === 'cancelled'

/** Undefined where the inputs have none, or one is of text, whose rows are no ranges of an array. */
function commonRows(inputs: Tensors): number | undefined {
  const [first, ...others] = Object.values(inputs)
  const rows = first?.shape[0]
  if (rows === undefined || others.some(({ shape }) => shape[0] !== rows)) return undefined
  return Object.values(inputs).some((input) => 'offsets' in input.data) ? undefined : rows
}

function joinBlocks(inputs: Tensors, rows: number, run: (inputs: Tensors) => Tensors): Tensors {
  const joined: Record<string, AnyTensor> = {}
  for (let begin = 0; begin < rows; begin += blockRows) {
    const end = Math.min(rows, begin + blockRows)
    const block = Object.entries(inputs).map(([name, input]) => [name, rowsOf(input, begin, end)] as const)
    for (const [name, output] of Object.entries(run(Object.fromEntries(block)))) {
      joined[name] ??= emptyLike(output, rows)
      put(output, joined[name], { begin, end })
    }
  }
  return joined
}

/** Elements of a row in the tensor's array: complex numbers take two. */
function widthOf({ data, shape }: AnyTensor): number {
  return 'offsets' in data || shape[0] === 0 ? 0 : data.length / shape[0]!
}

function rowsOf(tensor: AnyTensor, begin: number, end: number): AnyTensor {
  const width = widthOf(tensor)
  const data = tensor.data as Float32Array
  return {
    ...tensor,
    shape: [end - begin, ...tensor.shape.slice(1)],
    data: data.subarray(begin * width, end * width),
  } as AnyTensor
}

function emptyLike(output: AnyTensor, rows: number): AnyTensor {
  const shape = [rows, ...output.shape.slice(1)]
  const ArrayType = output.data.constructor as Float32ArrayConstructor
  return { ...output, shape, data: new ArrayType(rows * widthOf(output)) } as AnyTensor
}

function put(
  block: AnyTensor,
  whole: AnyTensor,
  { begin, end }: { readonly begin: number; readonly end: number },
): void {
  const isSame = block.dtype === whole.dtype && sizeOf(block.shape.slice(1)) === sizeOf(whole.shape.slice(1))
  if (block.shape[0] !== end - begin || !isSame || 'offsets' in block.data) {
    throw new Error('a block of rows answered other rows: this is a bug')
  }
  ;(whole.data as Float32Array).set(block.data as Float32Array, begin * widthOf(whole))
}
