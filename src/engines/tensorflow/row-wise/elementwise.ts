/** Ops that compute element by element, with broadcasting or without. */
import { broadcast, derive, elementsOf, type Fact, isLeading, type Known, type Shape, sizes } from './fact.js'
import { forOps, type Rule, type RuleTable } from './rule.js'
import { divide, isEqual, literalOf, multiply, type Size } from './size.js'

const unary: Rule = ([input]) => input && derive([input], input.shape)

/** Sizes stay what they are. */
const pass: Rule = ([input]) => input

const passAll: Rule = (inputs) => inputs

const integers: ReadonlySet<string> = new Set(['int32', 'int64'])

/** Sizes as floats would lose digits. */
const cast: Rule = ([input], { attrs }) => {
  if (input && integers.has(attrs.type('DstT')) && elementsOf(input))
    return sizes(elementsOf(input)!, isScalar(input))
  return input && derive([input], input.shape)
}

const isScalar = ({ shape }: Fact): boolean => shape?.length === 0

const broadcasting: Rule = (inputs, { fresh }) =>
  derive(
    inputs,
    broadcast(
      inputs.map(({ shape }) => shape),
      fresh,
    ),
  )

/** Shapes that do not fit may make a lone `false`. */
const comparing: Rule = (inputs, context) => {
  if (context.attrs.bool('incompatible_shape_error', true)) return broadcasting(inputs, context)
  let isCertain = true
  const shape = broadcast(
    inputs.map((input) => input.shape),
    () => {
      isCertain = false
      return context.fresh()
    },
  )
  return isCertain || inputs.every(({ depends }) => depends === 'nothing')
    ? derive(inputs, isCertain ? shape : undefined)
    : undefined
}

type Arithmetic = (a: Size, b: Size) => Size | undefined

/** Arithmetic of sizes where it can be done, else of rows. */
const sizing =
  (compute: Arithmetic): Rule =>
  (inputs, context) => {
    const [a, b] = inputs
    return (a && b && compute2(a, b, compute)) ?? broadcasting(inputs, context)
  }

function compute2(a: Fact, b: Fact, compute: Arithmetic): Known {
  const [left, right] = [elementsOf(a), elementsOf(b)]
  if (!left || !right) return undefined
  const length = Math.max(left.length, right.length)
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) return undefined
  const results = Array.from({ length }, (_, i) =>
    compute(left[left.length === 1 ? 0 : i]!, right[right.length === 1 ? 0 : i]!),
  )
  return results.every((size) => size !== undefined) ? sizes(results, isScalar(a) && isScalar(b)) : undefined
}

const add: Arithmetic = (a, b) => (literalOf(a) === 0 ? b : literalOf(b) === 0 ? a : undefined)
const subtract: Arithmetic = (a, b) => (literalOf(b) === 0 ? a : undefined)

/** All of one shape. */
const sameShapes: Rule = (inputs) => {
  const first = inputs[0]?.shape
  const areSame = inputs.every(({ shape }) => first && shape && isSameShape(first, shape))
  return areSame ? derive(inputs, first) : undefined
}

function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, d) => isEqual(size, b[d]!))
}

/** Tensors of one shape, and scalars that count for every element. */
const joining: Rule = (inputs, context) => {
  const tensors = inputs.filter((input) => !isScalar(input))
  return tensors.length > 0 ? sameShapes(tensors, context) : derive(inputs, [])
}

/** The condition is a scalar, of the shape of the others, or has one element for each row of theirs. */
const select: Rule = ([condition, yes, no], context) => {
  if (!condition || !yes || !no) return undefined
  const chosen = sameShapes([yes, no], context)
  if (!yes.shape || chosen === undefined) return undefined
  const isEach = condition.shape !== undefined && isSameShape(condition.shape, yes.shape)
  const isRowEach =
    isLeading(condition) &&
    condition.shape.length === 1 &&
    isLeading(yes) &&
    isEqual(condition.shape[0]!, yes.shape[0]!)
  return isEach || isScalar(condition) || isRowEach ? derive([condition, yes, no], yes.shape) : undefined
}

export const elementwiseRules: RuleTable = {
  ...forOps(
    'Identity StopGradient PreventGradient Snapshot PlaceholderWithDefault DeepCopy RefIdentity',
    pass,
  ),
  IdentityN: passAll,
  Cast: cast,
  ...forOps(
    `Abs Neg Sign Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Inv Floor Ceil Round Rint Erf Erfc Erfinv Ndtri Lgamma
    Digamma Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Sigmoid Relu Relu6 Elu Selu LeakyRelu Softplus
    Softsign IsFinite IsInf IsNan LogicalNot Invert PopulationCount CheckNumerics Conj Real Imag ComplexAbs Angle
    ZerosLike OnesLike Bucketize
    AsString StringLower StringUpper StringStrip StringLength StaticRegexReplace StaticRegexFullMatch StringToNumber
    StringToHashBucket StringToHashBucketFast StringToHashBucketStrong EncodeBase64 DecodeBase64`,
    unary,
  ),
  ...forOps(
    `Div RealDiv DivNoNan MulNoNan Xdivy Xlogy Xlog1py Maximum Minimum Pow SquaredDifference FloorMod Mod TruncateDiv
    TruncateMod Atan2 NextAfter LogicalAnd LogicalOr BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift Greater
    GreaterEqual Less LessEqual Complex Igamma Igammac Zeta Polygamma Betainc SelectV2`,
    broadcasting,
  ),
  ...forOps('Equal NotEqual', comparing),
  ...forOps('Add AddV2', sizing(add)),
  Sub: sizing(subtract),
  Mul: sizing((a, b) => multiply([a, b])),
  FloorDiv: sizing(divide),
  ClipByValue: (inputs, context) =>
    inputs.slice(1).every(isScalar) ? broadcasting(inputs, context) : sameShapes(inputs, context),
  ...forOps('AddN AccumulateNV2', sameShapes),
  StringJoin: joining,
  Select: select,
}
