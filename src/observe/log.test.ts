import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StageEvent } from '../core/stage-events.js'
import { combineListeners } from './index.js'
import { createLog, type LogOptions } from './log.js'

type RequestEvent = Extract<StageEvent, { type: 'request' }>

const request = (changes: Partial<RequestEvent> = {}): RequestEvent => ({
  type: 'request',
  wire: 'native',
  route: '/v1/recommend/:model/:user',
  requestId: 'r1',
  model: 'movies',
  version: 3,
  code: 'ok',
  httpStatus: 200,
  durationMs: 1.23456,
  ...changes,
})

const failed = request({
  code: 'internal',
  httpStatus: 500,
  message: 'internal error',
  cause: new TypeError('x is undefined', { cause: new Error('the root of it') }),
})
const refused = request({
  code: 'not_found',
  httpStatus: 404,
  message: "model 'movies' does not know user 'anna'",
  cause: new SyntaxError('Unexpected token, "{anna" is not valid JSON'),
})

function textOf(events: readonly StageEvent[], options: Partial<LogOptions> = {}): string {
  let text = ''
  const stream = { write: (line: string) => (text += line) }
  const { listener } = createLog({ level: 'info', format: 'json', personalData: false, stream, ...options })
  for (const event of events) listener(event)
  return text
}

function linesOf(events: readonly StageEvent[], options: Partial<LogOptions> = {}) {
  const lines = textOf(events, options).split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('log', () => {
  test('tells of a request in fields, none of which is the URL', () => {
    const [line] = linesOf([request()], { level: 'debug' })
    const { time, ...fields } = line!
    assert.ok(!Number.isNaN(Date.parse(String(time))))
    assert.deepEqual(fields, {
      level: 'debug',
      request_id: 'r1',
      model: 'movies',
      version: 3,
      wire: 'native',
      route: '/v1/recommend/:model/:user',
      code: 'ok',
      status: 200,
      duration_ms: 1.235,
      msg: 'request',
    })
  })

  test('is silent on requests that go well, unless asked', () => {
    const stage: StageEvent = { type: 'stage', stage: 'rank', model: 'movies', durationMs: 1 }
    assert.deepEqual(linesOf([request(), stage]), [])
  })

  test('says what our own failures come from, with stacks', () => {
    const [line] = linesOf([failed], { level: 'error' })
    assert.equal(line!.level, 'error')
    assert.match(
      String(line!.cause),
      /^TypeError: x is undefined\n\s+at .*caused by: Error: the root of it\n/s,
    )
  })

  test('keeps what a client sent out of the log, unless told otherwise', () => {
    const [line] = linesOf([refused])
    assert.deepEqual([line!.level, line!.code], ['info', 'not_found'])
    assert.doesNotMatch(JSON.stringify(line), /anna/)
    const [telling] = linesOf([refused], { personalData: true })
    assert.match(String(telling!.reason), /anna/)
    assert.match(String(telling!.cause), /anna/)
  })

  test('writes no property of a cause but its stack', () => {
    const cause = Object.assign(new Error('bad'), { input: 'anna' })
    assert.doesNotMatch(textOf([{ ...failed, cause }]), /anna/)
  })

  test('tells of models and of the death of an inference process', () => {
    const servable = { model: 'movies', version: 3 }
    const lines = linesOf([
      { type: 'servable_state', servable, state: 'available', durationMs: 12.6 },
      { type: 'servable_state', servable, state: 'end', message: 'sim.json: row 3: expected a list' },
      { type: 'inference_process', state: 'died', message: 'inference process 7 was killed' },
    ])
    assert.deepEqual(
      lines.map(({ level, msg, reason, duration_ms }) => [level, msg, reason, duration_ms]),
      [
        ['info', 'model available', undefined, 13],
        ['error', 'model failed to load', 'sim.json: row 3: expected a list', undefined],
        ['warn', 'inference process 7 was killed', undefined, undefined],
      ],
    )
  })

  test('has a form for eyes, one line each but for stacks', () => {
    const [line, ...stack] = textOf([failed], { format: 'text' }).split('\n')
    assert.match(
      line!,
      /^\d\d:\d\d:\d\d\.\d{3} ERROR request request_id=r1 model=movies .* status=500 .*reason="internal error"$/,
    )
    assert.match(stack[0]!, /^ {4}TypeError: x is undefined$/)
  })

  test('lets no name move the cursor or forge a line', () => {
    const servable = { model: 'a\n12:00:00 INFO \u001b[2J\u009b', version: 1 }
    const text = textOf([{ type: 'servable_state', servable, state: 'available' }], { format: 'text' })
    assert.equal(text.split('\n').length, 2)
    assert.doesNotMatch(text.trimEnd(), /\p{Cc}/u)
  })

  test('writes nothing when silent', () => {
    assert.equal(textOf([failed], { level: 'silent' }), '')
  })
})

test('combineListeners tells every listener, in order', () => {
  const told: string[] = []
  const listener = combineListeners(
    ({ type }) => told.push(`a ${type}`),
    ({ type }) => told.push(`b ${type}`),
  )
  listener(request())
  assert.deepEqual(told, ['a request', 'b request'])
})
