import { RecserveError } from '../../core/errors.js'

/** A fault of the JSON text itself, in rapidjson's words; `offset` counts bytes. */
export function parseError(text: string, offset: number): RecserveError {
  return new RecserveError('invalid_argument', `JSON Parse error: ${text} at offset: ${offset}`)
}
