/** Recorded exchanges with TensorFlow Serving's REST API (shared/fixtures/tensorflow/README.md, "Format"): read, sent, compared. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JsonText } from '../../src/formats/tensorflow-json/json-text.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

export interface Exchange {
  readonly method: 'predict' | 'classify' | 'regress'
  readonly version?: number
  readonly request: { readonly signature_name?: string }
  readonly status: number
  readonly response: unknown
  /** The exact answer, where its layout is certain. */
  readonly body?: string
}

/** One exchange and what its client sent, to the byte. */
export interface RecordedExchange {
  readonly exchange: Exchange
  readonly text: Buffer
}

export const tensorflowFixtures = join(fixturesRoot, 'tensorflow')

/** Models that have recorded exchanges. */
export const restModels: readonly string[] = skipWithoutFixtures()
  ? []
  : readdirSync(tensorflowFixtures).filter((name) => existsSync(join(tensorflowFixtures, name, 'rest.json')))

export function exchangesOf(model: string): readonly RecordedExchange[] {
  const bytes = readFileSync(join(tensorflowFixtures, model, 'rest.json'))
  const exchanges = JSON.parse(bytes.toString()) as readonly Exchange[]
  const texts = requestTexts(bytes)
  if (texts.length !== exchanges.length) throw new Error(`${model}: ${texts.length} requests were found`)
  return exchanges.map((exchange, i) => ({ exchange, text: texts[i]! }))
}

/** Each exchange's `request_text`, or its `request` as it stands: writing it anew would lose -0 and long integers. */
function requestTexts(bytes: Buffer): Buffer[] {
  const text = new JsonText(bytes)
  const requests: Buffer[] = []
  text.peek()
  text.enter()
  do {
    text.peek()
    text.enter()
    const members = new Map<string, Buffer>()
    do {
      const start = text.at
      text.takeKey()
      const key = JSON.parse(bytes.toString('utf8', start, text.at - 1)) as string
      text.peek()
      const from = text.at
      text.skipValue()
      members.set(key, bytes.subarray(from, text.at))
    } while (text.nextMember())
    const literal = members.get('request_text')
    requests.push(literal ? Buffer.from(JSON.parse(literal.toString()) as string) : members.get('request')!)
  } while (text.nextElement())
  return requests
}

/** What differs between an answer and the recorded one, the place of it first; undefined where nothing does. */
export function bodyFault(body: string, { response, body: recorded }: Exchange): string | undefined {
  const fault = valueFault(parsed(body), response)
  if (fault !== undefined || recorded === undefined || body === recorded) return fault
  return layoutOf(body) === layoutOf(recorded) ? undefined : `layout: ${body.slice(0, 300)}`
}

/** The bare words of the wire as the texts that the recordings hold instead. */
const parsed = (body: string): unknown =>
  JSON.parse(
    body.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (word) => (word[0] === '"' ? word : `"${word}"`)),
  )

/** Everything but the digits: an integer stays one, a float stays one. */
const layoutOf = (body: string): string =>
  body.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:e[+-]?\d+)?/g, (word) =>
    word[0] === '"' ? word : /[.e]/.test(word) ? 'float' : 'integer',
  )

/** As DESIGN 4 has it: 1e-5 of the number and 1e-6 of the largest beside it. */
function valueFault(actual: unknown, expected: unknown, place = '$', margin = 1e-6): string | undefined {
  if (typeof expected === 'number' && typeof actual === 'number') {
    const isNear = Math.abs(actual - expected) <= 1e-5 * Math.abs(expected) + margin
    return isNear || Object.is(actual, expected) ? undefined : `${place}: ${actual} instead of ${expected}`
  }
  if (typeof expected !== 'object' || typeof actual !== 'object' || !expected || !actual) {
    return actual === expected ? undefined : `${place}: ${actual} instead of ${expected}`
  }
  const keys = Object.keys(expected)
  if (Array.isArray(expected) !== Array.isArray(actual) || !isSameSet(keys, Object.keys(actual))) {
    return `${place}: has ${Object.keys(actual)} instead of ${keys}`
  }
  const largest = Math.max(1, ...Object.values(expected).filter(Number.isFinite).map(Math.abs))
  for (const key of keys) {
    const [a, b] = [actual, expected].map((one) => (one as Record<string, unknown>)[key])
    const fault = valueFault(a, b, `${place}.${key}`, 1e-6 * largest)
    if (fault !== undefined) return fault
  }
  return undefined
}

const isSameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one))
