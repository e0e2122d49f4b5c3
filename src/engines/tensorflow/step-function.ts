import type { Value } from './op.js'

/** A node's inputs in, its outputs out. */
export type StepFunction = (inputs: readonly Value[]) => readonly Value[]
