/** Random numbers: of the right distribution, never TensorFlow's own (random.ts). A `seed` changes nothing. */
import type { NumericType } from '../../../tensor/dtype.js'
import { roundAllTo } from '../../../tensor/float16.js'
import { sizeOf, tensor } from '../../../tensor/tensor.js'
import type { AnyTensor, StatefulKernel, StatefulOpTable, Value } from '../op.js'
import type { Random } from '../random.js'
import { toList } from './array/arguments.js'
import { checkSize } from './array/elements.js'
import { invalid, tensorOf } from './rows.js'

function shapeOf(value: Value | undefined): readonly number[] {
  const shape = toList(tensorOf(value))
  if (shape.some((size) => size < 0)) throw invalid(`a shape has a negative size: [${shape}]`)
  checkSize(shape)
  return shape
}

function fill(dtype: string, shape: readonly number[], draw: () => number): AnyTensor {
  if (dtype === 'float64') return tensor('float64', shape, Float64Array.from({ length: sizeOf(shape) }, draw))
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'bfloat16')
    throw invalid(`random ${dtype} cannot be drawn`)
  const data = Float32Array.from({ length: sizeOf(shape) }, draw)
  return tensor(dtype as NumericType, shape, roundAllTo(dtype, data)) as AnyTensor
}

const floats =
  (draw: (random: Random) => number): StatefulKernel =>
  ([shape], { attrs, state }) => [fill(attrs.type('dtype'), shapeOf(shape), () => draw(state.random))]

/** 24 bits, which float32 holds exactly: so never 1. */
const uniform = (random: Random): number => Math.floor(random.uniform() * 2 ** 24) / 2 ** 24

function truncated(random: Random): number {
  for (;;) {
    const value = random.normal()
    if (Math.abs(value) < 2) return value
  }
}

const uniformInt: StatefulKernel = ([shape, low, high], { state }) => {
  const [from, to] = [tensorOf(low), tensorOf(high)]
  const sizes = shapeOf(shape)
  const length = sizeOf(sizes)
  const range = toList(to)[0]! - toList(from)[0]!
  if (!(range > 0)) throw invalid(`Need minval < maxval, got ${toList(from)[0]} >= ${toList(to)[0]}`)
  const draw = () => toList(from)[0]! + Math.floor(state.random.uniform() * range)
  if (from.dtype === 'int64')
    return [
      tensor(
        'int64',
        sizes,
        BigInt64Array.from({ length }, () => BigInt(draw())),
      ),
    ]
  return [tensor('int32', sizes, Int32Array.from({ length }, draw))]
}

export const randomOps: StatefulOpTable = {
  RandomUniform: { stateful: floats(uniform) },
  RandomStandardNormal: { stateful: floats((random) => random.normal()) },
  TruncatedNormal: { stateful: floats(truncated) },
  RandomUniformInt: { stateful: uniformInt },
  StatelessRandomUniform: { stateful: floats(uniform) },
  StatelessRandomUniformV2: { stateful: floats(uniform) },
  StatelessRandomNormal: { stateful: floats((random) => random.normal()) },
  StatelessRandomNormalV2: { stateful: floats((random) => random.normal()) },
  StatelessTruncatedNormal: { stateful: floats(truncated) },
  StatelessTruncatedNormalV2: { stateful: floats(truncated) },
}
