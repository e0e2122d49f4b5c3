/** Variables of TensorFlow 1 (references) and 2 (resources): declaring, reading, assigning. */
import { sizeOf, tensor } from '../../../tensor/tensor.js'
import { handleTo } from '../handle.js'
import type { AnyTensor, StatefulContext, StatefulKernel, StatefulOpTable, Value } from '../op.js'
import { Variable, variableOf } from '../variable.js'
import { type Combination, combineOf } from './array/combine.js'
import { invalid, tensorOf } from './rows.js'

/** The name under which Keras asks for a variable that nobody shares. */
const anonymous = 'cd2c9b7b-88a0-44d5-ab77-b09b7ae33a85'

const declare: StatefulKernel = (_, { attrs, node, state }) => {
  const shared = attrs.string('shared_name', '')
  const name = shared || node
  const make = () =>
    new Variable({
      name,
      dtype: attrs.type('dtype'),
      shape: attrs.has('shape') ? attrs.shape('shape') : undefined,
    })
  const isAnonymous = shared === anonymous
  return [
    handleTo(
      isAnonymous ? make() : state.resource(`variable/${attrs.string('container', '')}/${name}`, make),
    ),
  ]
}

const read: StatefulKernel = ([handle], { attrs }) => {
  const value = variableOf(handle).read()
  const wanted = attrs.type('dtype', value.dtype)
  if (wanted === value.dtype) return [value]
  throw invalid(`Trying to read variable with wrong dtype. Expected ${wanted} got ${value.dtype}`)
}

const isInitialized: StatefulKernel = ([handle]) => [
  tensor('bool', [], Uint8Array.of(handle && variableOf(handle).isInitialized ? 1 : 0)),
]

const shapeOf: StatefulKernel = ([handle], { attrs }) => {
  const { shape } = variableOf(handle).peek()
  const type = attrs.type('out_type', 'int32')
  if (type === 'int64') return [tensor('int64', [shape.length], BigInt64Array.from(shape, BigInt))]
  return [tensor('int32', [shape.length], Int32Array.from(shape))]
}

const assign: StatefulKernel = ([handle, value]) => {
  variableOf(handle).assign(tensorOf(value))
  return []
}

/** The reference goes on to the next node. */
const assignOld: StatefulKernel = ([handle, value], { attrs }) => {
  variableOf(handle).assign(tensorOf(value), { anyShape: !attrs.bool('validate_shape', true) })
  return [handle!]
}

function change(how: Combination, give: (handle: Value) => readonly Value[]): StatefulKernel {
  return ([handle, input], context) => {
    const variable = variableOf(handle)
    const delta = tensorOf(input)
    checkLike(variable.peek(), delta, context)
    if (delta.dtype === 'string') throw invalid(`${context.op} takes numbers, got strings`)
    const data = variable.writableData()
    combineOf(how, delta.dtype)(data, 0, delta.data, { start: 0, count: data.length })
    return give(handle!)
  }
}

function checkLike(value: AnyTensor, delta: AnyTensor, { op }: StatefulContext): void {
  if (value.dtype !== delta.dtype)
    throw invalid(`${op}: the variable is ${value.dtype}, the change ${delta.dtype}`)
  const isSame =
    value.shape.length === delta.shape.length && value.shape.every((size, d) => size === delta.shape[d])
  if (!isSame || sizeOf(value.shape) !== sizeOf(delta.shape)) {
    throw invalid(
      `Cannot update variable with shape [${value.shape}] using a Tensor with shape [${delta.shape}], shapes must be equal.`,
    )
  }
}

const none = (): readonly Value[] => []
const same = (handle: Value): readonly Value[] => [handle]
const write = { effect: 'write' } as const
const ref = { refs: [0], givesRef: true } as const

export const variableOps: StatefulOpTable = {
  VarHandleOp: { stateful: declare, isHandle: true },
  ReadVariableOp: { stateful: read },
  VarIsInitializedOp: { stateful: isInitialized },
  VariableShape: { stateful: shapeOf },
  AssignVariableOp: { stateful: assign, ...write },
  AssignAddVariableOp: { stateful: change('add', none), ...write },
  AssignSubVariableOp: { stateful: change('sub', none), ...write },
  // The version's variables go with the version.
  DestroyResourceOp: { stateful: () => [] },
  VariableV2: { stateful: declare, isHandle: true, givesRef: true },
  Variable: { stateful: declare, isHandle: true, givesRef: true },
  IsVariableInitialized: { stateful: isInitialized, refs: [0] },
  Assign: { stateful: assignOld, ...write, ...ref },
  AssignAdd: { stateful: change('add', same), ...write, ...ref },
  AssignSub: { stateful: change('sub', same), ...write, ...ref },
}
