/** Ids of one field as the rest of recserve knows them: rows are internal ids, and `[PAD]` is nobody's id. */
import type { IdTable } from '../../core/catalog.js'
import { RecserveError } from '../../core/errors.js'
import { paddingToken } from './dataset.js'

/** @throws RecserveError `data_loss` where a token is there twice or the first is not `[PAD]` */
export function toIdTable(tokens: readonly string[], field: string): IdTable {
  if (tokens[0] !== paddingToken) {
    throw new RecserveError(
      'data_loss',
      `the tokens of ${field} begin with ${JSON.stringify(tokens[0]?.slice(0, 40))}; expected ${paddingToken}, the token of internal id 0, first`,
    )
  }
  const ids = new Map<string, number>()
  for (let id = 1; id < tokens.length; id++) {
    const token = tokens[id]!
    const other = ids.get(token)
    if (other !== undefined) {
      throw new RecserveError(
        'data_loss',
        `the tokens of ${field} have ${JSON.stringify(token.slice(0, 40))} twice, as id ${other} and ${id}`,
      )
    }
    ids.set(token, id)
  }
  return {
    size: tokens.length,
    indexOf: (token) => ids.get(token) ?? -1,
    idOf(index) {
      const token = tokens[index]
      if (token === undefined) throw new Error(`no id for row ${index} of ${tokens.length}: this is a bug`)
      return token
    },
  }
}
