/** One run of a server: open the port, load what is found, serve until asked to stop, drain. */

import { RecserveError } from '../core/errors.js'
import type { StageListener } from '../core/stage-events.js'
import { engines } from '../engines/index.js'
import { combineListeners, createLog, createPrometheus, type Log } from '../observe/index.js'
import { createHttpServer, type HttpServer } from '../protocols/http-server.js'
import type { Service } from '../service/service.js'
import type { Io } from './commands/command.js'
import type { OptionsOf } from './options.js'
import { defaultParts, type Parts } from './parts.js'
import { createProgress, type Progress } from './progress.js'
import { createServing, createSource, type Serving } from './serving.js'

type ServerOptions = OptionsOf<'serve' | 'demo'>

export interface ServerRun {
  readonly paths: readonly string[]
  readonly names?: ReadonlyMap<string, string>
  readonly options: ServerOptions
  readonly io: Io
  readonly parts?: Parts
  /** Called once every model has been tried. */
  readonly onLoaded?: (url: string) => Promise<void>
}

/** Resolves with the exit code when the server has drained. */
export async function runServer({
  paths,
  names,
  options,
  io,
  onLoaded,
  parts = defaultParts,
}: ServerRun): Promise<number> {
  const log = openLog(options, io)
  const prometheus = createPrometheus()
  const progress = createProgress(io.stderr)
  // Before the log's line, which would otherwise be drawn into the bar.
  const stopBar: StageListener = (event) => event.type === 'servable_state' && progress.stop()
  const onEvent = combineListeners(prometheus.listener, stopBar, log.listener)
  const onWarning = (message: string) => log.logger.warn(message)
  const aspired = await createSource({ paths, ...(names && { names }), onWarning }, parts).aspiredVersions()
  if (aspired.length === 0) {
    throw new RecserveError(
      'not_found',
      `no model found below ${[...paths, ...(names?.values() ?? [])].join(', ')}; recserve inspect PATH says more`,
    )
  }
  const stop = io.stopSignal()
  const serving = openServing(options, onEvent, { parts, progress, onWarning })
  const http = createHttpServer({
    protocols: parts.protocols,
    context: {
      service: serving.service,
      onEvent,
      maxN: options.maxN,
      libservingAnswers: options.libservingAnswers,
      libservingModels: options.libservingModel,
      metrics: () => prometheus.metrics(),
    },
    maxConnections: options.maxConnections,
    maxBodyBytes: options.maxBodyBytes,
    requestTimeoutMs: options.requestTimeoutMs,
  })
  try {
    const url = await listen(http, options)
    log.logger.info(`listening on ${url}`)
    // Whoever asked for any free port has to be told which, however little is logged.
    if (!showsInfo(options.logLevel)) io.stderr.write(`listening on ${url}\n`)
    stop.addEventListener('abort', () => serving.service.drain())
    await untilStopped(stop, async () => {
      await serving.manager.apply(aspired)
      if (!stop.aborted) logReadiness(log, serving.service, options)
      await onLoaded?.(url)
    })
    log.logger.info('stopping: answering what has been accepted')
    await http.close(options.drainTimeoutMs)
  } finally {
    await serving.close()
  }
  log.logger.info('stopped')
  return 0
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
  options: ServerOptions,
  onEvent: StageListener,
  { parts, progress, onWarning }: { parts: Parts; progress: Progress; onWarning: (message: string) => void },
): Serving {
  const { index, fallback, maxQueued } = options
  const engine = engines[0].create({
    intraOpThreads: options.inferenceThreads,
    runTimeoutMs: options.runTimeoutMs,
    onEvent,
  })
  return createServing({
    parts,
    engine,
    index,
    fallback,
    maxQueued,
    onEvent,
    onProgress: progress.update,
    onWarning,
  })
}

const showsInfo = (level: ServerOptions['logLevel']): boolean => ['trace', 'debug', 'info'].includes(level)

async function listen(http: HttpServer, { host, httpPort }: ServerOptions): Promise<string> {
  try {
    const { address, port, family } = await http.listen({ host, port: httpPort })
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause})`
    throw new RecserveError(
      'failed_precondition',
      `port ${httpPort} on ${host} ${why}; choose another with --http-port, or 0 for any free one`,
      { cause },
    )
  }
}

/** Starts the work and waits for the signal; a failure of the work ends the wait. */
async function untilStopped(stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve())
    work().catch(reject)
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
