import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServableState } from '../core/servable.js'
import type { StageEvent } from '../core/stage-events.js'
import { createPrometheus } from './prometheus.js'

type RequestEvent = Extract<StageEvent, { type: 'request' }>

const request = (changes: Partial<RequestEvent> = {}): RequestEvent => ({
  type: 'request',
  wire: 'native',
  route: '/v1/recommend/:model',
  requestId: 'r1',
  model: 'movies',
  version: 3,
  code: 'ok',
  httpStatus: 200,
  durationMs: 2,
  ...changes,
})

const state = (to: ServableState, changes: { message?: string; durationMs?: number } = {}): StageEvent => ({
  type: 'servable_state',
  servable: { model: 'movies', version: 3 },
  state: to,
  ...changes,
})

async function metricsAfter(...events: readonly StageEvent[]): Promise<readonly string[]> {
  const { listener, metrics } = createPrometheus()
  for (const event of events) listener(event)
  const { contentType, body } = await metrics()
  assert.match(contentType, /^text\/plain; version=0\.0\.4/)
  return body.split('\n')
}

function hasLine(lines: readonly string[], line: string): void {
  const name = line.split(/[{ ]/)[0]!
  assert.ok(
    lines.includes(line),
    `${line}\nnot among\n${lines.filter((one) => one.startsWith(name)).join('\n')}`,
  )
}

describe('prometheus', () => {
  const labels = 'model="movies",version="3",wire="native",route="/v1/recommend/:model"'

  test('counts requests and puts their time, in seconds, into buckets', async () => {
    const lines = await metricsAfter(state('available'), request(), request(), request({ code: 'not_found' }))
    hasLine(lines, `recserve_requests_total{${labels},code="ok"} 2`)
    hasLine(lines, `recserve_requests_total{${labels},code="not_found"} 1`)
    const buckets = lines.filter((line) => line.startsWith('recserve_request_duration_seconds_bucket'))
    assert.ok(buckets.some((line) => line.includes('le="0.001"') && line.endsWith(' 0')))
    assert.ok(buckets.some((line) => line.includes('le="0.0025"') && line.endsWith(' 3')))
  })

  test('makes no label of a model or version that only a client names', async () => {
    const invented = Array.from({ length: 50 }, (_, i) =>
      request({ model: `x${i}`, version: i, code: 'not_found' }),
    )
    const lines = await metricsAfter(
      state('available'),
      ...invented,
      request({ version: 99, code: 'not_found' }),
    )
    const counted = lines.filter((line) => line.startsWith('recserve_requests_total{'))
    assert.equal(counted.length, 2)
    assert.ok(counted.some((line) => line.includes('model="",version=""') && line.endsWith(' 50')))
    assert.ok(counted.some((line) => line.includes('model="movies",version=""') && line.endsWith(' 1')))
  })

  test('shows the state a version is in, and how long it took to load', async () => {
    const lines = await metricsAfter(
      state('start'),
      state('loading'),
      state('available', { durationMs: 1500 }),
    )
    hasLine(lines, 'recserve_servable_state{model="movies",version="3",state="available"} 1')
    hasLine(lines, 'recserve_servable_state{model="movies",version="3",state="loading"} 0')
    hasLine(lines, 'recserve_load_duration_seconds{model="movies",version="3"} 1.5')
  })

  test('goes on showing a version that failed to load, and drops one that was unloaded', async () => {
    const failed = await metricsAfter(state('loading'), state('end', { message: 'no such file' }))
    hasLine(failed, 'recserve_servable_state{model="movies",version="3",state="end"} 1')
    const unloaded = await metricsAfter(
      state('available', { durationMs: 1 }),
      state('unloading'),
      state('end'),
    )
    assert.ok(!unloaded.some((line) => line.includes('movies')))
  })

  test('counts stages, batches, fallbacks and deaths', async () => {
    const lines = await metricsAfter(
      state('available'),
      { type: 'stage', stage: 'rank', model: 'movies', durationMs: 4 },
      { type: 'batch', size: 5, durationMs: 3 },
      { type: 'fallback', model: 'movies', fallback: 'popular' },
      { type: 'inference_process', state: 'died', message: 'killed' },
      { type: 'inference_process', state: 'started', message: 'started' },
    )
    hasLine(lines, 'recserve_stage_duration_seconds_sum{stage="rank"} 0.004')
    hasLine(lines, 'recserve_batch_size_bucket{le="8"} 1')
    hasLine(lines, 'recserve_batch_size_bucket{le="4"} 0')
    hasLine(lines, 'recserve_batch_duration_seconds_sum 0.003')
    hasLine(lines, 'recserve_fallbacks_total{model="movies",fallback="popular"} 1')
    hasLine(lines, 'recserve_inference_process_deaths_total 1')
  })

  test('shows the process, too, and instances share nothing', async () => {
    await metricsAfter(state('available'), request())
    const lines = await metricsAfter()
    assert.ok(lines.some((line) => line.startsWith('process_resident_memory_bytes ')))
    assert.ok(!lines.some((line) => line.includes('movies')))
    hasLine(lines, 'recserve_inference_process_deaths_total 0')
  })
})
