/** What a path below `/v1/models` asks for (model_servers/http_rest_api_util.cc): matched raw, its query included. */
import { RecserveError } from '../../core/errors.js'

export interface ModelPath {
  readonly model: string
  readonly version?: number
  readonly label?: string
  /** What is wanted of the model. */
  readonly action: 'predict' | 'classify' | 'regress' | 'status' | 'metadata'
}

const model = '([^/:]+)'
const version = String.raw`(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?`
const calls = new RegExp(`^/v1/models/${model}${version}:(classify|regress|predict)$`, 'is')
const reads = new RegExp(`^/v1/models(?:/${model})?${version}(?:/(metadata))?$`, 'is')

/** Versions are int64 in the original. */
const maxVersion = 2n ** 63n - 1n

/**
 * @param url path and query as they came
 * @throws RecserveError `invalid_argument`, in the original's words
 */
export function parseModelPath(method: string, url: string): ModelPath {
  const match = method === 'POST' ? calls.exec(url) : method === 'GET' ? reads.exec(url) : null
  const [, name, digits, label, word] = match ?? []
  if (!match) malformed(method, url)
  const number = digits === undefined ? undefined : toVersion(digits)
  if (name === undefined) throw new RecserveError('invalid_argument', 'Missing model name in request.')
  const action = actionOf(method, word)
  if (action === undefined) malformed(method, url)
  return {
    model: percentDecode(name),
    action,
    ...(number !== undefined && { version: number }),
    ...(label !== undefined && { label: percentDecode(label) }),
  }
}

/** The path ignores case, the word at its end does not. */
function actionOf(method: string, word: string | undefined): ModelPath['action'] | undefined {
  if (method === 'GET') return word === 'metadata' ? 'metadata' : 'status'
  return word === 'predict' || word === 'classify' || word === 'regress' ? word : undefined
}

function toVersion(digits: string): number {
  if (BigInt(digits) > maxVersion) {
    throw new RecserveError('invalid_argument', `Failed to convert version: ${digits} to numeric.`)
  }
  return Number(digits)
}

function malformed(method: string, url: string): never {
  throw new RecserveError('invalid_argument', `Malformed request: ${method} ${url}`)
}

/** Undoes `%XX` alone, as curl_easy_unescape does. */
function percentDecode(text: string): string {
  const bytes = text.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
