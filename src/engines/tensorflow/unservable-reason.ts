/** Why a signature cannot be served. */
import { RecserveError } from '../../core/errors.js'
import type { SignatureDef } from '../../formats/tensorflow/graph.js'
import type { FailedResources } from './initialisation.js'
import type { MissingOps } from './loaded-graph.js'

/** A sparse tensor is three in the graph; no request has a form for it. */
export function refuseSparse({ inputs, outputs }: SignatureDef): void {
  for (const [alias, { cooSparse }] of [...inputs, ...outputs]) {
    if (cooSparse) throw new RecserveError('unimplemented', `'${alias}' is a sparse tensor`)
  }
}

export function missingText(missing: MissingOps): string {
  const each = [...missing].map(([op, nodes]) => {
    const more = nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''
    return `${op} (${nodes.slice(0, 3).join(', ')}${more})`
  })
  return `it needs ops that recserve does not have: ${each.join(', ')}`
}

export function failureText(handles: readonly object[], failed: FailedResources): string | undefined {
  const lacking = new Set(handles.flatMap((handle) => failed.get(handle) ?? []))
  if (lacking.size === 0) return undefined
  return `a resource of its own could not be initialised without the ops ${[...lacking].join(', ')}`
}
