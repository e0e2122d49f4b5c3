/** Every metric there is: counted from stage events, read by `GET /metrics`. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { servableKey, servableStates } from '../core/servable.js'
import type { StageEvent, StageListener } from '../core/stage-events.js'

export interface Prometheus {
  readonly listener: StageListener
  /** All metrics in Prometheus's text format, those of the process (memory, CPU, event loop, GC) included. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** From below the fastest answer of a small model (some 0.3 ms) to where clients have given up. */
const latencySeconds = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

export function createPrometheus(): Prometheus {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = createMetrics(registry)
  const known = createKnownServables()

  return {
    listener(event) {
      if (event.type === 'servable_state') known.add(event)
      count(event, metrics, known)
    },
    metrics: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}

type Metrics = ReturnType<typeof createMetrics>

function createMetrics(registry: Registry) {
  const registers = [registry]
  const servable = ['model', 'version'] as const
  return {
    requests: new Counter({
      name: 'recserve_requests_total',
      help: 'Requests answered, by outcome (ok or an error code)',
      labelNames: [...servable, 'wire', 'route', 'code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'recserve_request_duration_seconds',
      help: 'From the head of a request to the end of its answer',
      labelNames: [...servable, 'wire', 'route'],
      buckets: latencySeconds,
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'recserve_stage_duration_seconds',
      help: 'Time of one step of a request',
      labelNames: ['stage'],
      buckets: latencySeconds,
      registers,
    }),
    batchSize: new Histogram({
      name: 'recserve_batch_size',
      help: 'Requests that shared one run of a graph',
      buckets: batchSizes,
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'recserve_batch_duration_seconds',
      help: 'Time of one run of a graph',
      buckets: latencySeconds,
      registers,
    }),
    state: new Gauge({
      name: 'recserve_servable_state',
      help: '1 for the state a model version is in, 0 for the others; state="end" is one that failed to load',
      labelNames: [...servable, 'state'],
      registers,
    }),
    loadSeconds: new Gauge({
      name: 'recserve_load_duration_seconds',
      help: 'How long the load of a model version took, failed or not',
      labelNames: servable,
      registers,
    }),
    fallbacks: new Counter({
      name: 'recserve_fallbacks_total',
      help: 'Answers not made from what the model learned of the user, by what was used instead',
      labelNames: ['model', 'fallback'],
      registers,
    }),
    deaths: new Counter({
      name: 'recserve_inference_process_deaths_total',
      help: 'Inference processes that ended without being asked to',
      registers,
    }),
  }
}

function count(event: StageEvent, metrics: Metrics, known: ReturnType<typeof createKnownServables>): void {
  switch (event.type) {
    case 'request': {
      const { wire, route, code } = event
      const model = known.modelLabel(event.model)
      const labels = { model, version: known.versionLabel(event.model, event.version), wire, route }
      metrics.requests.inc({ ...labels, code })
      metrics.requestSeconds.observe(labels, event.durationMs / 1000)
      break
    }
    case 'stage':
      metrics.stageSeconds.observe({ stage: event.stage }, event.durationMs / 1000)
      break
    case 'batch':
      metrics.batchSize.observe(event.size)
      metrics.batchSeconds.observe(event.durationMs / 1000)
      break
    case 'fallback':
      metrics.fallbacks.inc({ model: known.modelLabel(event.model), fallback: event.fallback })
      break
    case 'servable_state':
      countState(event, metrics)
      break
    case 'inference_process':
      if (event.state === 'died') metrics.deaths.inc()
  }
}

type StateEvent = Extract<StageEvent, { type: 'servable_state' }>

function countState({ servable, state, message, durationMs }: StateEvent, metrics: Metrics): void {
  const labels = { model: servable.model, version: String(servable.version) }
  // Unloaded as wished: what is no longer here is no longer shown. A failed load stays, with `end` at 1.
  const gone = state === 'end' && message === undefined
  for (const one of servableStates) {
    if (gone) metrics.state.remove({ ...labels, state: one })
    else metrics.state.set({ ...labels, state: one }, one === state ? 1 : 0)
  }
  if (gone) metrics.loadSeconds.remove(labels)
  else if (durationMs !== undefined) metrics.loadSeconds.set(labels, durationMs / 1000)
}

/** Label values are kept for ever, so a client must not be able to make new ones: a model it invents counts as ''. */
function createKnownServables() {
  const models = new Set<string>()
  const servables = new Set<string>()
  return {
    add({ servable }: StateEvent): void {
      models.add(servable.model)
      servables.add(servableKey(servable))
    },
    modelLabel: (model: string | undefined): string =>
      model !== undefined && models.has(model) ? model : '',
    versionLabel: (model: string | undefined, version: number | undefined): string =>
      model !== undefined && version !== undefined && servables.has(servableKey({ model, version }))
        ? String(version)
        : '',
  }
}
