/** Runs of many rows, block by block: what is between the inputs and the outputs stays in the processor's cache. */
import { RecserveError } from '../../core/errors.js'
import { joinRows, splitRows } from '../batching/rows.js'
import type { AnyTensor } from './op.js'
import { defaultMaxBytes } from './run-limits.js'

type Tensors = Readonly<Record<string, AnyTensor>>

/**
 * Rows of a block. Measured with NeuMF, a two-tower and a DIN at 50,000 rows (bench/against-tensorflow.ts): on one thread blocks
 * of 512 to 2,048 rows differ by a few percent, and the whole in one takes 1.5 to 2.3 times as long. Threads that share a block
 * wait for each other at every node: small blocks make NeuMF half as fast as the whole, large ones little slower.
 */
const blockOf = (threads: number): number => (threads === 1 ? 1024 : 8192 * threads)

/** Whether so many rows are worth being cut. @param threads that share a block */
export const areMany = (rows: number, threads: number): boolean => rows >= 2 * blockOf(threads)

export interface BlocksOptions {
  /** Threads that share a block; one without it. */
  readonly threads?: number
  /** What the answer and the blocks it is made of may take together; as much as a run may hold without it. */
  readonly maxBytes?: number
}

/**
 * @param run of a graph whose rows do not depend on each other, on inputs of `rows` rows each
 * @returns what `run` gives for all rows at once
 * @throws RecserveError whatever `run` throws for all rows; `resource_exhausted` for an answer that is too large
 */
export function runInBlocks(
  inputs: Tensors,
  { rows, run }: { readonly rows: number; readonly run: (inputs: Tensors) => Tensors },
  options: BlocksOptions = {},
): Tensors {
  const blockRows = blockOf(options.threads ?? 1)
  try {
    return joinBlocks(cut(inputs, rows, blockRows), run, { rows, blockRows, ...options })
  } catch (error) {
    if (!(error instanceof RecserveError) || !namesRow(error)) throw error
    // As it is counted in the whole.
    return run(inputs)
  }
}

/** Whether a refusal may say at which row or element it is. */
const namesRow = ({ code }: RecserveError): boolean => code === 'invalid_argument' || code === 'out_of_range'

function cut(inputs: Tensors, rows: number, blockRows: number): readonly Tensors[] {
  const counts = Array.from({ length: Math.ceil(rows / blockRows) }, (_, i) =>
    Math.min(blockRows, rows - i * blockRows),
  )
  const parts = Object.entries(inputs).map(([name, input]) => [name, splitRows(input, counts)] as const)
  return counts.map((_, i) => Object.fromEntries(parts.map(([name, blocks]) => [name, blocks[i]!])))
}

function joinBlocks(
  blocks: readonly Tensors[],
  run: (inputs: Tensors) => Tensors,
  {
    rows,
    blockRows,
    maxBytes = defaultMaxBytes,
  }: BlocksOptions & { readonly rows: number; readonly blockRows: number },
): Tensors {
  const answers: Tensors[] = []
  for (const block of blocks) {
    const answer = run(block)
    answers.push(answer)
    // The blocks' answers and what is made of them.
    const bytes = (2 * byteLengthOf(answer) * rows) / blockRows
    if (bytes > maxBytes) {
      const limit = `a run may hold ${maxBytes} bytes, this one would hold about ${Math.ceil(bytes)}`
      throw new RecserveError(
        'resource_exhausted',
        `OOM when allocating the outputs of ${rows} rows: ${limit}`,
      )
    }
  }
  return Object.fromEntries(
    Object.keys(answers[0]!).map((name) => [name, joinRows(answers.map((answer) => answer[name]!))]),
  )
}

function byteLengthOf(answer: Tensors): number {
  return Object.values(answer).reduce(
    (sum, { data }) =>
      sum + ('offsets' in data ? data.bytes.byteLength + data.offsets.byteLength : data.byteLength),
    0,
  )
}
