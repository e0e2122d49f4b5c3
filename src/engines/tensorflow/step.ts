/** What running one node does: its kernel with its attributes, or a function it calls. */
import { RecserveError } from '../../core/errors.js'
import type { NameAttrList } from '../../formats/tensorflow/graph.js'
import { createAttributes } from './attributes.js'
import type { FlatNode } from './flat-graph.js'
import { functionOf, functionsOf } from './function-library.js'
import type { LoweringHost } from './lowering/lowering-host.js'
import { type AnyOp, isStateful, type Value } from './op.js'
import { checkDeadline } from './run-limits.js'
import type { State } from './state.js'
import type { StepFunction } from './step-function.js'

export type { StepFunction }

/** A compiled graph. */
export interface Plan {
  run: StepFunction
  /** Whether a run may change state that outlives it. */
  readonly writes: boolean
}

/** What nodes are bound to. */
export interface Environment {
  readonly ops: ReadonlyMap<string, AnyOp>
  readonly state: State
  /** The function with its arguments as feeds; compiled when it is first needed, once. */
  functionPlan(func: NameAttrList, caller: FlatNode): Plan
  /** Whether no run writes the variable any more, so that its value is a constant. */
  isFrozen(variable: object): boolean
  /** Given where plans may use ONNX Runtime. */
  readonly lowering: LoweringHost | undefined
  /** Whether the op is the name of a function of the graph. */
  isFunction(op: string): boolean
}

export interface BoundStep {
  readonly run: StepFunction
  /** A function of its inputs alone. */
  readonly isPure?: boolean
  /** Known before any run: constants and handles. */
  readonly constant?: readonly Value[]
  readonly writes?: boolean
  /** Gives the value of the variable whose handle it gets. */
  readonly isRead?: boolean
  readonly refs?: readonly number[]
  readonly givesRef?: boolean
}

type Binder = (node: FlatNode, environment: Environment) => BoundStep

export function bindStep(node: FlatNode, environment: Environment): BoundStep {
  const binder = binders[node.op]
  if (binder && Object.hasOwn(binders, node.op)) return binder(node, environment)
  if (environment.isFunction(node.op)) return bindCall({ name: node.op, attr: node.attr }, node, environment)
  const op = environment.ops.get(node.op)
  if (op === undefined) {
    throw new RecserveError(
      'unimplemented',
      `node '${node.name}' is of the op ${node.op}, which recserve does not have`,
    )
  }
  return bindOp(op, node, environment)
}

/** Ops that no table needs to have. */
export function isBuiltIn(op: string): boolean {
  return Object.hasOwn(binders, op) || op === '_Feed'
}

function bindOp(op: AnyOp, node: FlatNode, { state }: Environment): BoundStep {
  const attrs = createAttributes(node.attr, node.name)
  const context = { node: node.name, op: node.op, attrs, state }
  if (!isStateful(op)) {
    // Ops that hand on what they get hand on resources too; for the others the executor's types cannot tell.
    const { kernel } = op as unknown as {
      readonly kernel: (inputs: readonly Value[], context: object) => readonly Value[]
    }
    return { run: (inputs) => kernel(inputs, context), isPure: true }
  }
  const { stateful, effect, refs, givesRef, isHandle } = op
  const bound = {
    run: (inputs: readonly Value[]) => stateful(inputs, context),
    writes: effect === 'write',
    refs: refs ?? [],
    isRead: node.op === 'ReadVariableOp',
  }
  const constant = isHandle ? { constant: stateful([], context) } : {}
  return { ...bound, ...constant, givesRef: givesRef === true }
}

function bindCall(func: NameAttrList, node: FlatNode, environment: Environment): BoundStep {
  const plan = environment.functionPlan(func, node)
  return { run: (inputs) => plan.run(inputs), writes: plan.writes }
}

const bindConstant: Binder = (node) => {
  const constant = [createAttributes(node.attr, node.name).tensor('value')]
  return { run: () => constant, constant }
}

const bindPlaceholder: Binder = ({ name, attr }) => ({
  run: () => {
    const text = `You must feed a value for placeholder tensor '${name}' with dtype ${attr.get('dtype')?.type ?? 'unknown'}`
    throw new RecserveError('invalid_argument', text)
  },
})

const bindIf: Binder = (node, environment) => {
  const yes = environment.functionPlan(functionOf(node, 'then_branch'), node)
  const no = environment.functionPlan(functionOf(node, 'else_branch'), node)
  return {
    run: ([condition, ...inputs]) => (isTrue(condition) ? yes : no).run(inputs),
    writes: yes.writes || no.writes,
  }
}

const bindCase: Binder = (node, environment) => {
  const branches = functionsOf(node, 'branches').map((func) => environment.functionPlan(func, node))
  return {
    run: ([index, ...inputs]) => {
      const wanted = Number((index as { readonly data?: ArrayLike<number> } | undefined)?.data?.[0])
      // Any index that is out of range takes the last branch.
      return (branches[wanted] ?? branches.at(-1)!).run(inputs)
    },
    writes: branches.some(({ writes }) => writes),
  }
}

const bindWhile: Binder = (node, environment) => {
  const condition = environment.functionPlan(functionOf(node, 'cond'), node)
  const body = environment.functionPlan(functionOf(node, 'body'), node)
  return {
    run: (inputs) => {
      let values = inputs
      while (isTrue(condition.run(values)[0])) {
        checkDeadline()
        values = body.run(values)
      }
      return values
    },
    writes: condition.writes || body.writes,
  }
}

/** A scalar that is not 0 or '', a tensor that is not empty. */
export function isTrue(value: Value | undefined): boolean {
  if (value === undefined || !('data' in value))
    throw new RecserveError('invalid_argument', 'a condition has no value')
  const { shape, data } = value
  if (shape.length > 0) return !shape.includes(0)
  return 'offsets' in data ? data.bytes.length > 0 : Boolean(data[0])
}

const binders: Readonly<Record<string, Binder>> = {
  Const: bindConstant,
  HostConst: bindConstant,
  Placeholder: bindPlaceholder,
  PlaceholderV2: bindPlaceholder,
  PartitionedCall: (node, environment) => bindCall(functionOf(node, 'f'), node, environment),
  StatefulPartitionedCall: (node, environment) => bindCall(functionOf(node, 'f'), node, environment),
  If: bindIf,
  StatelessIf: bindIf,
  _If: bindIf,
  Case: bindCase,
  StatelessCase: bindCase,
  While: bindWhile,
  StatelessWhile: bindWhile,
  _While: bindWhile,
  NoOp: () => ({ run: () => [], isPure: true }),
}
