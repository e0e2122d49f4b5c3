/** What to show of an item, by id, from a CSV file. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parse } from 'csv-parse/sync'
import { RecserveError } from '../core/errors.js'

/**
 * The other columns by the first; a header line does no harm, its "id" is nobody's.
 * @throws RecserveError `not_found` or `data_loss` naming the file.
 */
export async function readTitles(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new RecserveError('not_found', `${path}: no such file`, { cause })
  })
  try {
    const rows: string[][] = parse(text, { bom: true, skip_empty_lines: true, relax_column_count: true })
    return new Map(rows.map(([id = '', ...rest]) => [id, rest.join(', ')]))
  } catch (cause) {
    throw new RecserveError('data_loss', `${basename(path)}: ${(cause as Error).message}`, { cause })
  }
}
