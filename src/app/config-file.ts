import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { RecserveError } from '../core/errors.js'

/**
 * The entries of a config file: a mapping of option names in YAML or (`.json`) JSON; an empty file has none.
 * @throws RecserveError `invalid_argument` for a file that cannot be read, is not well formed or is no mapping.
 */
export async function readConfigFile(path: string): Promise<ReadonlyMap<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new RecserveError('invalid_argument', `config file ${path}: ${reasonOf(cause)}`, {
      cause,
    })
  })
  const content = parse(text, path)
  if (content === null || content === undefined) return new Map()
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new RecserveError(
      'invalid_argument',
      `${path}: expected a mapping of options, such as http-port: 8501`,
    )
  }
  return new Map(Object.entries(content))
}

/** JSON is not quite a part of YAML (tabs, repeated keys), so a `.json` file is read as what it says it is. */
function parse(text: string, path: string): unknown {
  try {
    if (path.endsWith('.json')) return JSON.parse(text)
    const document = parseDocument(text)
    if (document.errors[0]) throw document.errors[0]
    return document.toJS()
  } catch (cause) {
    throw new RecserveError('invalid_argument', `${path}: ${reasonOf(cause)}`, { cause })
  }
}

/** The first line: what follows in a message of `yaml` is an excerpt of the file. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.split('\n', 1)[0]!.replace(/:$/, '') : String(thrown)
}
