/** Reads an einsum equation: 'abc,cd->abd', with at most one '...' per term. */

import type { OpContext } from '../../op.js'
import { refuse } from './inputs.js'

/** Labels of axes in order. Those an ellipsis stands for are called '1', '2' ... from the right, as broadcasting aligns them. */
export interface Equation {
  readonly inputs: readonly (readonly string[])[]
  readonly output: readonly string[]
}

/** @param ranks how many axes each input has */
export function parseEquation(text: string, ranks: readonly number[], context: OpContext): Equation {
  const sides = text.replaceAll(' ', '').split('->')
  if (sides.length !== 2) refuse(context, `Expecting exactly one '->' in einsum equation: ${text}`)
  const terms = sides[0]!.split(',')
  if (terms.length !== ranks.length) {
    refuse(context, `Expected ${terms.length} inputs for equation ${text} but got: ${ranks.length}`)
  }
  const broadcastRanks = terms.map((term, i) => ellipsisRank(term, ranks[i]!, context))
  const inputs = terms.map((term, i) => labelsOf(term, broadcastRanks[i]!, context))
  const output = labelsOf(sides[1]!, Math.max(0, ...broadcastRanks), context)
  const known = new Set(inputs.flat())
  const unknown = output.find((label) => !known.has(label))
  if (unknown !== undefined)
    refuse(context, `Label '${unknown}' of the output is in no input of equation ${text}`)
  if (!output.includes('1') && known.has('1')) {
    refuse(context, `The output of equation ${text} lacks the axes that an ellipsis of its inputs stands for`)
  }
  return { inputs, output }
}

/** How many axes the term's ellipsis stands for. */
function ellipsisRank(term: string, rank: number, context: OpContext): number {
  const named = term.replace('...', '').length
  if (term.includes('...') ? named > rank : named !== rank) {
    refuse(
      context,
      `Expected input for '${term}' to have rank ${named}${term.includes('...') ? ' at least' : ''} but it has rank ${rank}`,
    )
  }
  return rank - named
}

function labelsOf(term: string, broadcastRank: number, context: OpContext): readonly string[] {
  const [before, after, more] = term.split('...')
  if (more !== undefined || !/^[A-Za-z]*$/.test(`${before}${after ?? ''}`)) {
    refuse(context, `'${term}' is not a term of letters with at most one ellipsis`)
  }
  if (after === undefined) return [...before!]
  const broadcast = Array.from({ length: broadcastRank }, (_, i) => String(broadcastRank - i))
  return [...before!, ...broadcast, ...after]
}
