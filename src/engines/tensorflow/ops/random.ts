/** Random numbers: of the right distribution, never TensorFlow's own (random.ts). A `seed` changes nothing. */
import type { NumericType } from '../../../tensor/dtype.js'
import { roundAllTo } from '../../../tensor/float16.js'
import { tensor } from '../../../tensor/tensor.js'
import type { AnyTensor, StatefulKernel, StatefulOpTable, Value } from '../op.js'
import type { Random } from '../random.js'
import { spend } from '../run-limits.js'
import { toList } from './array/arguments.js'
import { newData } from './new-data.js'
import { invalid, tensorOf } from './rows.js'

function shapeOf(value: Value | undefined): readonly number[] {
  const shape = toList(tensorOf(value))
  if (shape.some((size) => size < 0)) throw invalid(`a shape has a negative size: [${shape}]`)
  return shape
}

/** Of a generator and a logarithm. */
const operationsPerDraw = 8

function fill(dtype: string, shape: readonly number[], draw: () => number): AnyTensor {
  if (dtype !== 'float64' && dtype !== 'float32' && dtype !== 'float16' && dtype !== 'bfloat16')
    throw invalid(`random ${dtype} cannot be drawn`)
  const data = newData<'float32' | 'float64'>(dtype as 'float32' | 'float64', shape)
  for (let i = 0; i < data.length; i++) {
    spend(operationsPerDraw)
    data[i] = draw()
  }
  return tensor<NumericType>(dtype, shape, roundAllTo(dtype, data)) as AnyTensor
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
  const range = toList(to)[0]! - toList(from)[0]!
  if (!(range > 0)) throw invalid(`Need minval < maxval, got ${toList(from)[0]} >= ${toList(to)[0]}`)
  const draw = () => toList(from)[0]! + Math.floor(state.random.uniform() * range)
  const type = from.dtype === 'int64' ? 'int64' : 'int32'
  const data = newData(type, sizes)
  for (let i = 0; i < data.length; i++) {
    spend(operationsPerDraw)
    if (data instanceof BigInt64Array) data[i] = BigInt(draw())
    else data[i] = draw()
  }
  return [{ dtype: type, shape: sizes, data } as AnyTensor]
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
