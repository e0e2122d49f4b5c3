/** Variables that no signature writes are constants once the model is loaded. */
import type { FlatNode } from './flat-graph.js'
import { type AnyOp, isStateful, type Value } from './op.js'
import type { BoundStep, Environment } from './step.js'
import { Variable } from './variable.js'

type Freezing = Pick<Environment, 'isFrozen'>

/** A reference to a variable that nobody writes becomes its value. */
export function freeze(bound: BoundStep, environment: Freezing): BoundStep {
  if (!bound.givesRef) return bound
  const variable = frozenVariable(bound.constant?.[0], environment)
  return variable ? { ...bound, constant: [variable.read()], givesRef: false } : bound
}

/** What reading such a variable gives. A refusal is left to the run. */
export function foldRead(
  bound: BoundStep,
  inputs: readonly Value[],
  environment: Freezing,
): readonly Value[] | undefined {
  if (!bound.isRead || !frozenVariable(inputs[0], environment)) return undefined
  try {
    return bound.run(inputs)
  } catch {
    return undefined
  }
}

function frozenVariable(value: Value | undefined, { isFrozen }: Freezing): Variable | undefined {
  if (value?.dtype !== 'resource' || !(value.target instanceof Variable)) return undefined
  return value.target.isInitialized && isFrozen(value.target) ? value.target : undefined
}

/** Ops that hand on the handle they get. */
const passing: ReadonlySet<string> = new Set(['Identity', 'RefIdentity', 'Enter', 'RefEnter'])

/** Nodes that give the handles which a node may write through; undefined where that cannot be told. */
export function writtenHandles(
  node: FlatNode,
  ops: ReadonlyMap<string, AnyOp>,
): readonly FlatNode[] | undefined {
  const row = ops.get(node.op)
  if (row === undefined || !isStateful(row)) return []
  const places = row.refs ?? (row.effect === 'write' ? [0] : [])
  const handles = places.map((place) => handleOf(node.inputs[place]?.node, ops))
  return handles.every((handle) => handle !== undefined) ? handles : undefined
}

function handleOf(start: FlatNode | undefined, ops: ReadonlyMap<string, AnyOp>): FlatNode | undefined {
  for (let node = start; node; node = node.inputs[0]?.node) {
    const row = ops.get(node.op)
    if (row && isStateful(row)) {
      if (row.isHandle) return node
      if (!row.givesRef) return undefined
    } else if (!passing.has(node.op)) return undefined
  }
  return undefined
}
