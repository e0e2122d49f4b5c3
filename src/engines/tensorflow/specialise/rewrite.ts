import type { Attributes } from '../op.js'
import type { Fact } from '../row-wise/fact.js'
import type { Builder, Operation } from './builder.js'
import type { Shape, Split } from './value.js'

export interface RewriteCall extends Operation {
  readonly attrs: Attributes
  readonly inputs: readonly Split[]
  /** Of the inputs. */
  readonly facts: readonly Fact[]
  /** Of the first output. */
  readonly shape: Shape
  readonly builder: Builder
}

/** How an op acts on values that are in parts. Undefined: not on these; they are made whole and of every row for it. */
export type Rewrite = (call: RewriteCall) => Split | undefined

export type RewriteTable = Readonly<Record<string, Rewrite>>
