import type { Value } from './op.js'

/** What the untaken output of a `Switch` is, and of every node that reads one: such nodes do not run. */
export const dead: Value = { dtype: 'variant', shape: [], elements: [] }
