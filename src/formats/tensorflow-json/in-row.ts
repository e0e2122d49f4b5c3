import { type Code, RecserveError } from '../../core/errors.js'

/** The refusal of a value, said to be in a row. */
export function inRow(error: unknown, place: string): unknown {
  if (!(error instanceof RecserveError)) return error
  const message = `Failed to process element: ${place} of 'instances' list. Error: ${statusName(error.code)}: ${error.message}`
  return new RecserveError('invalid_argument', message)
}

const statusName = (code: Code): string => code.toUpperCase()
