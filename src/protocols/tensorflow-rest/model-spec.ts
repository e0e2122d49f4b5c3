import { RecserveError } from '../../core/errors.js'
import type { ModelSpec } from '../../core/servable.js'
import type { ModelPath } from './path.js'

/** @throws RecserveError for a label: none is known */
export function specOf({ model, version, label }: ModelPath): ModelSpec {
  if (label !== undefined) {
    throw new RecserveError('invalid_argument', `Unrecognized servable version label: ${label}`)
  }
  return { model, ...(version !== undefined && { version }) }
}

/** The original's words for a model or version that is not here. */
export function notServed(thrown: unknown, { model, version }: ModelPath): never {
  if (!(thrown instanceof RecserveError) || thrown.code !== 'not_found') throw thrown
  const wanted = version === undefined ? `Latest(${model})` : `Specific(${model}, ${version})`
  throw new RecserveError('not_found', `Servable not found for request: ${wanted}`)
}
