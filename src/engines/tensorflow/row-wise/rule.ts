import type { Attributes } from '../op.js'
import type { Fact, Known } from './fact.js'
import type { Size } from './size.js'

export interface RuleContext {
  readonly op: string
  readonly attrs: Attributes
  /** A size that is some number, the same however many rows there are. */
  fresh(): Size
}

/**
 * What an op's outputs depend on, from what is known of its inputs. A wrong answer here is a wrong answer to a client: a rule
 * answers undefined wherever it is not certain.
 *
 * @returns facts of the outputs, of the first ones only where nothing can be said of the others
 */
export type Rule = (inputs: readonly Fact[], context: RuleContext) => Known | readonly Fact[]

export type RuleTable = Readonly<Record<string, Rule>>

/** The same rule for each of the ops, whose names are separated by blanks. */
export function forOps(names: string, rule: Rule): RuleTable {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, rule]),
  )
}
