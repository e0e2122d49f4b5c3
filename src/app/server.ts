/** One run of a server: open the port, load what is found, serve until asked to stop, drain. */

import { RecserveError } from '../core/errors.js'
import type { StageListener } from '../core/stage-events.js'
import { engines } from '../engines/index.js'
import { combineListeners, createLog, createPrometheus, type Log } from '../observe/index.js'
import { createHttpServer, type HttpServer } from '../protocols/http-server.js'
import type { ProtocolContext } from '../protocols/protocol.js'
import type { Service } from '../service/service.js'
import type { Io } from './commands/command.js'
import type { OptionsOf } from './options.js'
import { defaultParts, type Parts } from './parts.js'
import { createProgress, type Progress } from './progress.js'
import { createServing, createSource, type Serving, type ServingOptions } from './serving.js'
import type { Threads } from './thread-options.js'

/** Where the HTTP routes are. */
export interface Address {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The flag that chooses the port, for errors. */
  readonly portFlag: string
}

type ServerOptions = OptionsOf<'serve' | 'demo'>

export interface ServerRun {
  readonly paths: readonly string[]
  /** Path by model name. */
  readonly names?: ReadonlyMap<string, string>
  readonly address: Address
  /** Opens the port only when every model has been tried. */
  readonly waitForModels?: boolean
  /** That a run of a graph may use. */
  readonly threads: Threads
  /** How SavedModels are read and run. */
  readonly graphs?: Pick<
    ServingOptions,
    'savedModelTags' | 'lowering' | 'immutable' | 'checksums' | 'batching'
  >
  /** What to tell the operator before anything is done. */
  readonly notes?: readonly string[]
  readonly options: ServerOptions
  readonly io: Io
  readonly parts?: Parts
  /** Called once every model has been tried. */
  readonly onLoaded?: (url: string) => Promise<void>
}

/** Resolves with the exit code when the server has drained. */
export async function runServer(run: ServerRun): Promise<number> {
  const { options, io, waitForModels, onLoaded } = run
  const log = openLog(options, io)
  for (const note of run.notes ?? []) log.logger.warn(note)
  const prometheus = createPrometheus()
  const progress = createProgress(io.stderr)
  // Before the log's line, which would otherwise be drawn into the bar.
  const stopBar: StageListener = (event) => event.type === 'servable_state' && progress.stop()
  const onEvent = combineListeners(prometheus.listener, stopBar, log.listener)
  const aspired = await findModels(run, log)
  const stop = io.stopSignal()
  const serving = openServing(run, { onEvent, progress, log })
  const http = openHttp(run, { service: serving.service, onEvent, metrics: () => prometheus.metrics() })
  stop.addEventListener('abort', () => serving.service.drain())
  const load = () => serving.manager.apply(aspired)
  try {
    if (waitForModels) await Promise.race([load(), untilAborted(stop)])
    if (!stop.aborted) {
      const url = await listen(http, run.address)
      announce(url, run, log)
      await untilStopped(stop, async () => {
        if (!waitForModels) await load()
        if (!stop.aborted) logReadiness(log, serving.service, options)
        await onLoaded?.(url)
      })
    }
    log.logger.info('stopping: answering what has been accepted')
    await http.close(options.drainTimeoutMs)
  } finally {
    await serving.close()
  }
  log.logger.info('stopped')
  return 0
}

/** Whoever asked for any free port has to be told which, however little is logged. */
function announce(url: string, { options, io }: ServerRun, { logger }: Log): void {
  if (['trace', 'debug', 'info'].includes(options.logLevel)) logger.info(`listening on ${url}`)
  else io.stderr.write(`listening on ${url}\n`)
}

async function findModels({ paths, names = new Map(), parts }: ServerRun, { logger }: Log) {
  const onWarning = (message: string) => logger.warn(message)
  const aspired = await createSource({ paths, names, onWarning }, parts).aspiredVersions()
  if (aspired.length > 0) return aspired
  throw new RecserveError(
    'not_found',
    `no model found below ${[...paths, ...names.values()].join(', ')}; recserve inspect PATH says more`,
  )
}

function openLog(options: ServerOptions, { stderr }: Io): Log {
  const automatic = stderr.isTTY ? 'text' : 'json'
  return createLog({
    level: options.logLevel,
    format: options.logFormat === 'auto' ? automatic : options.logFormat,
    stream: stderr,
    personalData: options.logPersonalData,
  })
}

function openServing(
  { options, graphs, threads, parts = defaultParts }: ServerRun,
  { onEvent, progress, log }: { onEvent: StageListener; progress: Progress; log: Log },
): Serving {
  const { index, fallback, maxQueued, bert4rec } = options
  const engine = engines[0].create({
    ...threads,
    runTimeoutMs: options.runTimeoutMs,
    catalogueMaxBytes: options.noSpecialize ? 0 : options.specializeMaxBytes,
    onEvent,
  })
  return createServing({
    parts,
    engine,
    index,
    fallback,
    maxQueued,
    bert4rec,
    onEvent,
    ...graphs,
    onProgress: progress.update,
    onWarning: ({ servable }, message) =>
      log.logger.warn(`${servable.model} version ${servable.version}: ${message}`),
  })
}

function openHttp(
  { options, parts = defaultParts }: ServerRun,
  context: Pick<ProtocolContext, 'service' | 'onEvent' | 'metrics'>,
): HttpServer {
  return createHttpServer({
    protocols: parts.protocols,
    context: {
      ...context,
      maxN: options.maxN,
      maxTensorBodyBytes: options.maxTensorBodyBytes,
      libservingAnswers: options.libservingAnswers,
      userToItemMask: options.userToItemMask,
      libservingModels: options.libservingModel,
    },
    maxConnections: options.maxConnections,
    maxBodyBytes: options.maxBodyBytes,
    requestTimeoutMs: options.requestTimeoutMs,
  })
}

async function listen(http: HttpServer, { host, port: wanted, portFlag }: Address): Promise<string> {
  try {
    const { address, port, family } = await http.listen({ host, port: wanted })
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause})`
    const orAny = portFlag === '--http-port' ? ', or 0 for any free one' : ''
    throw new RecserveError(
      'failed_precondition',
      `port ${wanted} on ${host} ${why}; choose another with ${portFlag}${orAny}`,
      { cause },
    )
  }
}

/** Starts the work and waits for the signal; a failure of the work ends the wait. */
async function untilStopped(stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    untilAborted(stop).then(resolve)
    work().catch(reject)
  })
}

function untilAborted(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve())
  })
}

function logReadiness({ logger }: Log, service: Service, { libservingModel }: ServerOptions): void {
  const { ready, models } = service.readiness()
  const serving = models.filter(({ state }) => state === 'available').length
  if (ready) logger.info(`ready: ${serving} of ${models.length} models serve`)
  else logger.error('no model serves: see the errors above')
  for (const [kind, name] of libservingModel) {
    const isHere = models.some((model) => model.servable.model === name && model.kind === `libreco-${kind}`)
    if (!isHere) logger.warn(`--libserving-model ${kind}=${name}: no ${kind} model has this name`)
  }
}
