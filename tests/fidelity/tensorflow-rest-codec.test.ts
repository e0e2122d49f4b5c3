/**
 * Every recorded REST exchange of the TensorFlow fixtures through the JSON codec alone, without an engine: the request's
 * text must give a recorded case's inputs bit for bit, and that case's outputs must give the recorded answer.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { JsonText } from '../../src/formats/tensorflow-json/json-text.js'
import { PredictRequestBody } from '../../src/formats/tensorflow-json/predict-request.js'
import { encodePredictResponse } from '../../src/formats/tensorflow-json/predict-response.js'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../../src/tensor/dtype.js'
import { toStrings } from '../../src/tensor/strings.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

interface RecordedTensor {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | string | boolean)[]
  readonly b64?: boolean
}

interface Case {
  readonly signature: string
  readonly version?: number
  readonly inputs: Readonly<Record<string, RecordedTensor>>
  readonly outputs: Readonly<Record<string, RecordedTensor>>
}

type Signatures = Readonly<Record<string, { readonly inputs: Readonly<Record<string, { dtype: string }>> }>>

interface Cases {
  readonly signatures: Signatures
  readonly versions?: readonly { readonly version?: number; readonly signatures: Signatures }[]
  readonly cases: readonly Case[]
}

interface Exchange {
  readonly method: string
  readonly version?: number
  readonly request: { readonly signature_name?: string }
  readonly request_text?: string
  readonly status: number
  readonly response: unknown
  readonly body?: string
}

const root = join(fixturesRoot, 'tensorflow')
const skip = skipWithoutFixtures()
const names = skip ? [] : readdirSync(root).filter((name) => existsSync(join(root, name, 'rest.json')))
const counts = { exchanges: 0, predict: 0, decoded: 0, bodies: 0, answers: 0, examples: 0, refusals: 0 }

for (const name of names) {
  test(`${name}: requests decode to recorded inputs, recorded outputs encode to answers`, { skip }, () => {
    const { cases, signatures, versions } = readJson(join(root, name, 'cases.json')) as Cases
    const bytes = readFileSync(join(root, name, 'rest.json'))
    const exchanges = JSON.parse(bytes.toString()) as readonly Exchange[]
    const requests = requestTexts(bytes)
    assert.equal(requests.length, exchanges.length)
    for (const [i, exchange] of exchanges.entries()) {
      counts.exchanges++
      if (exchange.method !== 'predict') {
        counts.examples++
        continue
      }
      const ofVersion =
        versions?.find(({ version }) => version === exchange.version)?.signatures ?? signatures
      checkPredict(exchange, requests[i]!, { cases, signatures: ofVersion })
    }
  })
}

test('all recorded predict exchanges went through the codec', { skip }, (t) => {
  t.diagnostic(JSON.stringify(counts))
  assert.ok(counts.predict > 400 && counts.decoded === counts.predict)
})

function checkPredict(exchange: Exchange, text: Buffer, { cases, signatures }: Cases): void {
  counts.predict++
  if (exchange.status !== 200) counts.refusals++
  const name = exchange.request.signature_name ?? 'serving_default'
  const types = Object.entries(signatures[name]!.inputs).map(([alias, { dtype }]) => [alias, dtype] as const)
  const { inputs, format } = new PredictRequestBody(text).decode(new Map(types))
  const found = cases.filter(
    (one) =>
      one.signature === name &&
      (exchange.version === undefined || one.version === exchange.version) &&
      Object.keys(one.inputs).length === inputs.size &&
      Object.entries(one.inputs).every(([alias, tensor]) => isSame(inputs.get(alias)!, toTensor(tensor))),
  )
  assert.ok(found.length > 0, `no recorded case has the inputs of ${text.subarray(0, 300)}`)
  counts.decoded++
  // A model with state was asked the same more than once.
  const bodies = found.map(({ outputs }) => encodePredictResponse(toTensors(outputs), format).toString())
  const body = bodies.find((one) => isClose(JSON.parse(one), exchange.response)) ?? bodies[0]!
  assert.deepEqual(rounded(JSON.parse(body)), rounded(exchange.response))
  counts.answers++
  if (exchange.body === undefined) return
  assert.equal(body, exchange.body)
  counts.bodies++
}

const toTensors = (tensors: Readonly<Record<string, RecordedTensor>>): ReadonlyMap<string, AnyTensor> =>
  new Map(Object.entries(tensors).map(([alias, tensor]) => [alias, toTensor(tensor)]))

/** The text of each exchange's request as it stands: parsing and writing it again would lose -0 and long integers. */
function requestTexts(bytes: Buffer): Buffer[] {
  const text = new JsonText(bytes)
  const requests: Buffer[] = []
  text.peek()
  text.enter()
  do {
    text.peek()
    text.enter()
    do {
      const start = text.at
      text.takeKey()
      const key = JSON.parse(bytes.toString('utf8', start, text.at - 1)) as string
      text.peek()
      const from = text.at
      text.skipValue()
      if (key === 'request') requests.push(bytes.subarray(from, text.at))
    } while (text.nextMember())
  } while (text.nextElement())
  return requests
}

function toTensor({ dtype, shape, data, b64 }: RecordedTensor): AnyTensor {
  if (dtype === 'string') {
    const elements = data.map((one) => (b64 ? Buffer.from(String(one), 'base64') : String(one)))
    return { dtype, shape, data: toStrings(elements) }
  }
  const arrays = { ...typedArrays, ...wideArrays }
  const numeric = dtype as NumericType
  const array = new arrays[numeric](data.length)
  const isBig = array instanceof BigInt64Array || array instanceof BigUint64Array
  for (const [i, one] of data.entries()) array[i] = (isBig ? BigInt(one) : Number(one)) as never
  return { dtype: numeric, shape, data: array } as AnyTensor
}

const isSame = (a: AnyTensor, b: AnyTensor): boolean => isDeepStrictEqual(plain(a), plain(b))

/** Without what typed arrays share with others. */
function plain({ dtype, shape, data }: AnyTensor): unknown {
  if (dtype === 'string') return [shape, [...data.bytes], [...data.offsets]]
  return [dtype, shape, [...(data as Float32Array)]]
}

const isClose = (a: unknown, b: unknown): boolean => isDeepStrictEqual(rounded(a), rounded(b))

/** Numbers as float32: one side was written with nine digits, the other with the fewest. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.fround(value)
  if (Array.isArray(value)) return value.map(rounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rounded(one)]))
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
