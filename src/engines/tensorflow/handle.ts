import type { Resource } from './op.js'

/** A scalar handle to something that lives in the state, or as long as a run. */
export function handleTo(target: object): Resource {
  return { dtype: 'resource', shape: [], target }
}
