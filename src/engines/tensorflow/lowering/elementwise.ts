/** Lowerings of ops that work element by element. */
import type { DataType } from '../../../tensor/dtype.js'
import type { TfDataType } from '../op.js'
import { fuseBias } from './bias.js'
import { demandOneShape } from './demands.js'
import type { NodeAttributes } from './graph-builder.js'
import {
  areOf,
  floats,
  type Lowering,
  type LoweringCall,
  type LoweringTable,
  movable,
  numbers,
} from './lowering.js'

const plain =
  (op: string, dtypes: readonly TfDataType[] = floats, attributes: NodeAttributes = {}): Lowering =>
  ({ inputs, graph }) =>
    areOf(inputs, dtypes)
      ? [
          graph.emit(
            op,
            inputs.map(({ name }) => name),
            attributes,
          ),
        ]
      : undefined

/** A lowering for float32 written as a function of the inputs' names. */
const formula =
  (write: (graph: LoweringCall['graph'], ...names: string[]) => string, dtypes = floats): Lowering =>
  ({ inputs, graph }) =>
    areOf(inputs, dtypes) ? [write(graph, ...inputs.map(({ name }) => name))] : undefined

const add: Lowering = (call) => fuseBias(call) ?? plain('Add', numbers)(call)

const comparable: readonly TfDataType[] = [...numbers, 'bool']

const equal =
  (isNegated: boolean): Lowering =>
  ({ inputs, graph, attrs }) => {
    if (!areOf(inputs, comparable) || !attrs.bool('incompatible_shape_error', true)) return undefined
    const same = graph.emit('Equal', [inputs[0]!.name, inputs[1]!.name])
    return [isNegated ? graph.emit('Not', [same]) : same]
  }

const smallIntegers: readonly TfDataType[] = ['int8', 'uint8', 'int16', 'uint16', 'uint32']

/** To integers from floats only TensorFlow's own kernel says what becomes of what does not fit. */
const cast: Lowering = ({ inputs, outputs, graph }) => {
  const [input, output] = [inputs[0]!, outputs[0]!]
  if (!areOf([input], [...movable, ...smallIntegers]) || !areOf([output], movable)) return undefined
  if (input.dtype === 'float32' && !['float32', 'bool'].includes(output.dtype)) return undefined
  if (input.dtype === output.dtype) return [input.name]
  return [graph.cast(input.name, output.dtype as DataType)]
}

const select: Lowering = ({ op, inputs, graph }) => {
  const [condition, yes, no] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]]
  if (!areOf([yes, no], numbers) || condition.dtype !== 'bool') return undefined
  // The older op takes equal shapes, or a vector that chooses rows.
  const isEqual = condition.rank !== undefined && condition.rank === yes.rank && yes.rank === no.rank
  if (op === 'Select' && !isEqual) return undefined
  const names = [condition.name, yes.name, no.name]
  if (op === 'Select' && condition.rank! > 0) names[0] = demandOneShape(graph, names)
  return [graph.emit('Where', names)]
}

const addMany: Lowering = ({ inputs, graph }) => {
  const names = inputs.map(({ name }) => name)
  const ranks = new Set(inputs.map(({ rank }) => rank))
  if (!areOf(inputs, floats) || names.length > 32 || ranks.size !== 1 || ranks.has(undefined))
    return undefined
  if (names.length > 1 && !ranks.has(0)) names[0] = demandOneShape(graph, names)
  return [graph.emit('Sum', names)]
}

const leakyRelu: Lowering = ({ inputs, attrs, graph }) =>
  areOf(inputs, floats)
    ? [graph.emit('LeakyRelu', [inputs[0]!.name], { alpha: { float: attrs.float('alpha', 0.2) } })]
    : undefined

const lastAxis = { axis: { int: -1 } }

/** The exact constants of TensorFlow's Selu. */
const selu = {
  alpha: { float: 1.6732632423543772 },
  gamma: { float: 1.0507009873554805 },
}

export const elementwiseLowerings: LoweringTable = {
  Abs: plain('Abs', numbers),
  Add: add,
  AddN: addMany,
  AddV2: add,
  Cast: cast,
  Ceil: plain('Ceil'),
  DivNoNan: formula((graph, x, y) => {
    const isZero = graph.emit('Equal', [y, graph.float(0)])
    return graph.emit('Where', [isZero, graph.float(0), graph.emit('Div', [x, y])])
  }),
  Elu: plain('Elu'),
  Equal: equal(false),
  Erf: plain('Erf'),
  Exp: plain('Exp'),
  Floor: plain('Floor'),
  Greater: plain('Greater', numbers),
  GreaterEqual: plain('GreaterOrEqual', numbers),
  LeakyRelu: leakyRelu,
  Less: plain('Less', numbers),
  LessEqual: plain('LessOrEqual', numbers),
  Log: plain('Log'),
  LogSoftmax: plain('LogSoftmax', floats, lastAxis),
  LogicalAnd: plain('And', ['bool']),
  LogicalNot: plain('Not', ['bool']),
  LogicalOr: plain('Or', ['bool']),
  Maximum: plain('Max', numbers),
  Minimum: plain('Min', numbers),
  Mul: plain('Mul', numbers),
  Neg: plain('Neg', numbers),
  NotEqual: equal(true),
  Pow: plain('Pow'),
  RealDiv: plain('Div'),
  Reciprocal: plain('Reciprocal'),
  Relu: plain('Relu'),
  Relu6: formula((graph, x) => graph.emit('Clip', [x, graph.float(0), graph.float(6)])),
  Rsqrt: formula((graph, x) => graph.emit('Reciprocal', [graph.emit('Sqrt', [x])])),
  Select: select,
  SelectV2: select,
  Selu: plain('Selu', floats, selu),
  Sigmoid: plain('Sigmoid'),
  Softmax: plain('Softmax', floats, lastAxis),
  Softplus: plain('Softplus'),
  Softsign: plain('Softsign'),
  Sqrt: plain('Sqrt'),
  Square: formula((graph, x) => graph.emit('Mul', [x, x]), numbers),
  SquaredDifference: formula((graph, x, y) => {
    const difference = graph.emit('Sub', [x, y])
    return graph.emit('Mul', [difference, difference])
  }, numbers),
  Sub: plain('Sub', numbers),
  Tanh: plain('Tanh'),
}
