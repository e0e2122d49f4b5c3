/** Ops that trade places of an image for batches or channels, and the one that cuts patches out. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, shapeText, toIntegers, toVector } from './arguments.js'
import { openElements } from './elements.js'
import { copyWords } from './moves.js'
import { type Padding, pad } from './pad.js'
import { transpose } from './permute.js'
import { take } from './slice.js'

/** Reads [blocks, 2] paddings or crops. */
function readPairs(input: AnyTensor, count: number, name: string): Padding[] {
  const values = toIntegers(input)
  if (input.shape.length !== 2 || input.shape[0] !== count || input.shape[1] !== 2) {
    throw invalid(`${name} should have shape [${count}, 2], got ${shapeText(input.shape)}`)
  }
  return Array.from({ length: count }, (_, i) => {
    const [before, after] = [values[2 * i]!, values[2 * i + 1]!]
    if (before < 0 || after < 0) throw invalid(`${name} must be non-negative, got ${before} and ${after}`)
    return { before, after }
  })
}

function checkBlocks(input: AnyTensor, blocks: readonly number[]): void {
  if (input.shape.length < 1 + blocks.length) {
    throw invalid(`input rank should be >= ${1 + blocks.length} instead of ${input.shape.length}`)
  }
  const bad = blocks.findIndex((block) => block < 1)
  if (bad >= 0) throw invalid(`block_shape[${bad}] must be at least 1, got ${blocks[bad]}`)
}

function spaceToBatch(input: AnyTensor, blocks: readonly number[], pairs: readonly Padding[]): AnyTensor {
  checkBlocks(input, blocks)
  const none = { before: 0, after: 0 }
  const padded = pad(
    input,
    input.shape.map((_, d) => pairs[d - 1] ?? none),
  )
  const count = blocks.length
  const sizes = blocks.map((block, i) => {
    const size = padded.shape[i + 1]!
    if (size % block !== 0)
      throw invalid(`padded_shape[${i}]=${size} is not divisible by block_shape[${i}]=${block}`)
    return size / block
  })
  const [batch] = padded.shape as [number]
  const rest = padded.shape.slice(1 + count)
  const apart = [batch, ...blocks.flatMap((block, i) => [sizes[i]!, block]), ...rest]
  // The places within a block first, then the batch, then the blocks.
  const order = [
    ...blocks.map((_, i) => 2 * i + 2),
    0,
    ...blocks.map((_, i) => 2 * i + 1),
    ...rest.map((_, i) => 2 * count + 1 + i),
  ]
  const moved = transpose({ ...padded, shape: apart }, order)
  return { ...moved, shape: [sizeOf(blocks) * batch, ...sizes, ...rest] }
}

function batchToSpace(input: AnyTensor, blocks: readonly number[], crops: readonly Padding[]): AnyTensor {
  checkBlocks(input, blocks)
  const count = blocks.length
  const factor = sizeOf(blocks)
  const [all] = input.shape as [number]
  if (all % factor !== 0) {
    throw invalid(`Input batch dimension (${all}) is not divisible by product of block sizes (${factor})`)
  }
  const sizes = input.shape.slice(1, 1 + count)
  const rest = input.shape.slice(1 + count)
  const order = [
    count,
    ...blocks.flatMap((_, i) => [count + 1 + i, i]),
    ...rest.map((_, i) => 2 * count + 1 + i),
  ]
  const moved = transpose({ ...input, shape: [...blocks, all / factor, ...sizes, ...rest] }, order)
  const shape = [all / factor, ...sizes.map((size, i) => size * blocks[i]!), ...rest]
  const kept = shape.map((size, d) => size - (crops[d - 1]?.before ?? 0) - (crops[d - 1]?.after ?? 0))
  const negative = kept.findIndex((size) => size < 0)
  if (negative >= 0) throw invalid(`cropped_shape[${negative - 1}]=${kept[negative]} must be non-negative`)
  const begin = shape.map((_, d) => crops[d - 1]?.before ?? 0)
  return take({ ...moved, shape }, { begin, sizes: kept, strides: shape.map(() => 1) }, kept)
}

const spaceToBatchNd: Kernel = (inputs) => {
  const blocks = toVector(inputAt(inputs, 1), 'block_shape')
  return [spaceToBatch(inputAt(inputs, 0), blocks, readPairs(inputAt(inputs, 2), blocks.length, 'paddings'))]
}

const batchToSpaceNd: Kernel = (inputs) => {
  const blocks = toVector(inputAt(inputs, 1), 'block_shape')
  return [batchToSpace(inputAt(inputs, 0), blocks, readPairs(inputAt(inputs, 2), blocks.length, 'crops'))]
}

const spaceToBatchV1: Kernel = (inputs, { attrs }) => {
  const block = attrs.int('block_size')
  return [spaceToBatch(inputAt(inputs, 0), [block, block], readPairs(inputAt(inputs, 1), 2, 'paddings'))]
}

const batchToSpaceV1: Kernel = (inputs, { attrs }) => {
  const block = attrs.int('block_size')
  return [batchToSpace(inputAt(inputs, 0), [block, block], readPairs(inputAt(inputs, 1), 2, 'crops'))]
}

/** An image [batch, rows, columns, channels] and the block size. */
function readImage(inputs: readonly AnyTensor[], attrs: Attributes) {
  const input = inputAt(inputs, 0)
  const block = attrs.int('block_size')
  const format = attrs.string('data_format', 'NHWC')
  if (format !== 'NHWC') throw invalid(`Only NHWC data_format supported on CPU. Got ${format}`)
  if (input.shape.length !== 4) throw invalid(`Input rank should be: 4 instead of: ${input.shape.length}`)
  if (block < 2) throw invalid(`Block size should be > 1, but was: ${block}`)
  const [batch, rows, columns, channels] = input.shape as [number, number, number, number]
  return { input, block, batch, rows, columns, channels }
}

const spaceToDepth: Kernel = (inputs, { attrs }) => {
  const { input, block, batch, rows, columns, channels } = readImage(inputs, attrs)
  if (rows % block !== 0 || columns % block !== 0) {
    throw invalid(`Image width ${columns} and height ${rows} should be divisible by block_size: ${block}`)
  }
  const apart = [batch, rows / block, block, columns / block, block, channels]
  const moved = transpose({ ...input, shape: apart }, [0, 1, 3, 2, 4, 5])
  return [{ ...moved, shape: [batch, rows / block, columns / block, block * block * channels] }]
}

const depthToSpace: Kernel = (inputs, { attrs }) => {
  const { input, block, batch, rows, columns, channels } = readImage(inputs, attrs)
  const depth = channels / (block * block)
  if (!Number.isInteger(depth)) {
    throw invalid(`Input depth dimension ${channels} should be divisible by: ${block * block}`)
  }
  const moved = transpose(
    { ...input, shape: [batch, rows, columns, block, block, depth] },
    [0, 1, 3, 2, 4, 5],
  )
  return [{ ...moved, shape: [batch, rows * block, columns * block, depth] }]
}

/** How windows lie on one axis. */
function readWindows(attrs: Attributes, axis: number, size: number) {
  const [kernel, stride, rate] = ['ksizes', 'strides', 'rates'].map((name) => attrs.ints(name)[axis] ?? 1)
  if (kernel! < 1 || stride! < 1 || rate! < 1) throw invalid('ksizes, strides and rates must be positive')
  const reach = kernel! + (kernel! - 1) * (rate! - 1)
  const same = attrs.string('padding') === 'SAME'
  const count = Math.max(0, Math.ceil((same ? size : size - reach + 1) / stride!))
  const before = same ? Math.floor(Math.max(0, (count - 1) * stride! + reach - size) / 2) : 0
  return { kernel: kernel!, count, at: (window: number, i: number) => window * stride! + i * rate! - before }
}

/** Windows of the image laid out as channels; what lies outside is zero. */
const extractImagePatches: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  if (input.shape.length !== 4) throw invalid(`input must be 4-dimensional${shapeText(input.shape)}`)
  const [batch, rows, columns, channels] = input.shape as [number, number, number, number]
  const [down, across] = [readWindows(attrs, 1, rows), readWindows(attrs, 2, columns)]
  const shape = [batch, down.count, across.count, down.kernel * across.kernel * channels]
  const elements = openElements([input])
  const out = elements.create(shape)
  const block = channels * elements.unit
  const places = [batch, down.count, across.count, down.kernel, across.kernel]
  for (let place = 0, total = sizeOf(places); place < total; place++) {
    spend(Math.max(block, places.length))
    let rest = place
    const [x, y, column, row, image] = places.toReversed().map((size) => {
      const at = rest % size
      rest = Math.floor(rest / size)
      return at
    }) as [number, number, number, number, number]
    const [r, c] = [down.at(row, y), across.at(column, x)]
    if (r < 0 || r >= rows || c < 0 || c >= columns) continue
    copyWords(elements.sources[0]!, ((image * rows + r) * columns + c) * block, out, place * block, block)
  }
  return [elements.toTensor(shape, out)]
}

export const spaceOps: OpTable = {
  SpaceToBatchND: { kernel: spaceToBatchNd },
  BatchToSpaceND: { kernel: batchToSpaceNd },
  SpaceToBatch: { kernel: spaceToBatchV1 },
  BatchToSpace: { kernel: batchToSpaceV1 },
  SpaceToDepth: { kernel: spaceToDepth },
  DepthToSpace: { kernel: depthToSpace },
  ExtractImagePatches: { kernel: extractImagePatches },
}
