/** Ops that compute element by element: on each part alone, on operands that are repeated, sums term by term. */
import { isEqual, isOne, literalOf } from '../row-wise/size.js'
import type { Rewrite, RewriteCall, RewriteTable } from './rewrite.js'
import {
  isConstant,
  type Part,
  type Parts,
  type Shape,
  type Split,
  stretchTo,
  type Terms,
  type Whole,
} from './value.js'

const unary: Rewrite = (call) => {
  const [input] = call.inputs
  const { builder, shape } = call
  if (input?.kind === 'flat') {
    const inner = unary({ ...call, inputs: [input.inner], shape: input.inner.shape! })
    return inner && { ...input, inner: inner as typeof input.inner }
  }
  if (input?.kind === 'parts')
    return builder.mapParts(input, (part) => builder.broadcast(call, [part.value], part.value.shape!), {
      ...input,
      shape,
    })
  return input && input.kind !== 'count' ? builder.broadcast(call, [input], shape) : undefined
}

const binary: Rewrite = (call) => onConstant(call) ?? acrossParts(call) ?? whole(call)

const whole: Rewrite = ({ inputs, builder, shape, ...operation }) =>
  inputs.some(({ kind }) => kind === 'count') ? undefined : builder.broadcast(operation, inputs, shape)

/** Of a value in parts and a constant: part by part, where the constant has entries for each or one for all. */
function onConstant(call: RewriteCall): Split | undefined {
  const [left, right] = call.inputs
  if (left === undefined || right === undefined) return undefined
  const [value, constant, isFirst] = isConstant(right) ? [left, right, true] : [right, left, false]
  if (!isConstant(constant) || constant.shape === undefined) return undefined
  if (value.kind === 'flat' && constant.shape.length <= 1) {
    const { inner } = value
    const found = binary({
      ...call,
      inputs: isFirst ? [inner, constant] : [constant, inner],
      shape: inner.shape!,
    })
    return found && found.kind !== 'flat' && found.kind !== 'count' ? { ...value, inner: found } : undefined
  }
  if (
    value.kind !== 'parts' ||
    constant.shape.length > value.shape.length ||
    !isSame(value.shape, call.shape)
  )
    return undefined
  const at = value.axis - value.shape.length + constant.shape.length
  const isWide = at >= 0 && !isOne(constant.shape[at]!)
  return call.builder.mapParts(
    value,
    (part) => {
      const own = isWide ? call.builder.pick(constant, part.places, at) : constant
      const operands = isFirst ? [part.value, own] : [own, part.value]
      const shape = part.value.shape!
      return (binary({ ...call, inputs: operands, shape }) as Part['value'] | undefined)!
    },
    value,
  )
}

/** Of two values that are in parts along the same axis in the same way. */
function acrossParts(call: RewriteCall): Split | undefined {
  const [left, right] = call.inputs
  if (left?.kind !== 'parts' || right?.kind !== 'parts' || !areAlike(left, right)) return undefined
  const parts = left.parts.map((part, i) => ({
    ...part,
    value: binary({
      ...call,
      inputs: [part.value, right.parts[i]!.value],
      shape: part.value.shape!,
    }) as Part['value'],
  }))
  return { ...left, parts }
}

function areAlike(a: Parts, b: Parts): boolean {
  const places = ({ parts }: Parts) => JSON.stringify(parts.map((part) => part.places))
  return a.axis === b.axis && isSame(a.shape, b.shape) && places(a) === places(b)
}

const isSame = (a: Shape, b: Shape) => a.length === b.length && a.every((size, d) => isEqual(size, b[d]!))

/** Sums of floats stay in terms of their sides. */
const sum: Rewrite = (call) => {
  const { inputs, builder, shape, attrs, op } = call
  if (attrs.type('T', 'float32') !== 'float32' || inputs.length !== 2) return binary(call)
  const [left, right] = inputs
  if (left === undefined || right === undefined || left.kind === 'count' || right.kind === 'count')
    return undefined
  const terms = [...(toTerms(left, shape) ?? []), ...negated(call, toTerms(right, shape))]
  const sides = new Set(terms.map(({ side }) => side).filter((side) => side !== 'constant'))
  const isWhole = toTerms(left, shape) !== undefined && toTerms(right, shape) !== undefined
  const hasTerms = left.kind === 'terms' || right.kind === 'terms'
  if (!isWhole || (sides.size < 2 && !hasTerms))
    return binary({ ...call, op: op === 'BiasAdd' ? 'AddV2' : op })
  return builder.addTerms(terms, shape)
}

/** Terms of the sum's rank, or constants; undefined for what is none. */
function toTerms(value: Split, shape: Shape): readonly Whole[] | undefined {
  const wholes = value.kind === 'terms' ? value.terms : value.kind === 'whole' ? [value] : undefined
  const stretched = wholes?.map((each) => (isConstant(each) && each.shape ? each : stretchTo(each, shape)))
  return stretched?.every((each) => each !== undefined) ? stretched : undefined
}

function negated({ op, builder }: RewriteCall, terms: readonly Whole[] | undefined): readonly Whole[] {
  if (op !== 'Sub' || terms === undefined) return terms ?? []
  const negation = { op: 'Neg', attr: {}, name: 'Neg' }
  return terms.map((term) => (term.shape ? builder.broadcast(negation, [term], term.shape) : term))
}

/** A bias lies along the last axis. */
const addBias: Rewrite = (call) =>
  call.attrs.string('data_format', 'NHWC') === 'NHWC'
    ? sum({ ...call, attr: { T: { type: 'float32' } } })
    : undefined

/** A sum times a constant, term by term. */
const scale: Rewrite = (call) => {
  const { inputs, builder, op } = call
  const [left, right] = inputs
  const isScaled = right && isConstant(right) && left?.kind === 'terms'
  const isTurned = op === 'Mul' && left && isConstant(left) && right?.kind === 'terms'
  if (!isScaled && !isTurned) return binary(call)
  const { terms, shape } = (isScaled ? left : right) as Terms
  const constant = (isScaled ? right : left) as Whole
  if ((constant.shape?.length ?? Number.POSITIVE_INFINITY) > shape.length || !isSame(shape, call.shape))
    return binary(call)
  const scaled = terms.map((term) =>
    builder.broadcast(call, isScaled ? [term, constant] : [constant, term], shape),
  )
  return { kind: 'terms', terms: scaled, shape }
}

/** With a condition of the rank of what it chooses from, as its successor does, which broadcasts. */
const select: Rewrite = (call) => {
  const { inputs, builder, shape } = call
  const wholes = inputs.map((input) => (input.kind === 'count' ? undefined : builder.toWhole(input)))
  if (!wholes.every((each) => each?.shape?.length === shape.length)) return undefined
  return builder.broadcast({ op: 'SelectV2', attr: call.attr, name: call.name }, inputs, shape)
}

const pass: Rewrite = ({ inputs }) => inputs[0]

/** The same entries in the same order: parts stay parts. */
const transpose: Rewrite = ({ inputs: [input], facts, shape }) => {
  const order = facts[1]?.depends === 'nothing' ? facts[1].elements?.map(literalOf) : undefined
  return order?.length === shape.length && order.every((axis, d) => axis === d) ? input : undefined
}

export const elementwiseRewrites: RewriteTable = {
  ...Object.fromEntries(
    `Abs Neg Sign Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Floor Ceil Round Erf Sin Cos Tan Tanh Sigmoid Relu Relu6
    Elu Selu LeakyRelu Softplus Softsign LogicalNot Cast`
      .split(/\s+/)
      .map((op) => [op, unary]),
  ),
  ...Object.fromEntries(
    `DivNoNan Maximum Minimum Pow SquaredDifference LogicalAnd LogicalOr Greater GreaterEqual Less LessEqual Equal NotEqual
    SelectV2`
      .split(/\s+/)
      .map((op) => [op, binary]),
  ),
  Add: sum,
  AddV2: sum,
  Sub: sum,
  BiasAdd: addBias,
  Mul: scale,
  RealDiv: scale,
  Select: select,
  Transpose: transpose,
  ...Object.fromEntries(
    'Identity StopGradient PreventGradient Snapshot PlaceholderWithDefault EnsureShape'
      .split(' ')
      .map((op) => [op, pass]),
  ),
}
