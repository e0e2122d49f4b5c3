/** The log: structured lines made from stage events, on the stream the operator reads. */
import { pino } from 'pino'
import type { StageEvent, StageListener } from '../core/stage-events.js'
import { createTextStream } from './log-text.js'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface LogStream {
  write(line: string): unknown
}

export interface LogOptions {
  /** The least severe lines that are written. */
  readonly level: LogLevel
  /** `json`: one object a line; `text`: for eyes. */
  readonly format: 'json' | 'text'
  readonly stream: LogStream
  /** Lines of refused requests also say why, which may quote ids of users and items that the client sent. */
  readonly personalData: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** For what is no stage event, such as the address a server listens on. */
export interface Logger {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

export interface Log {
  readonly listener: StageListener
  readonly logger: Logger
}

export function createLog({ level, format, stream, personalData }: LogOptions): Log {
  const target = pino(
    {
      level,
      // Host and process id are the collector's business, and a container has its own.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'text' ? createTextStream(stream) : stream,
  )
  const write = (
    severity: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields: Fields = {},
  ): void => {
    if (target.isLevelEnabled(severity)) target[severity](fields, message)
  }
  return {
    listener: (event) => logEvent(event, { write, personalData }),
    logger: {
      debug: (message, fields) => write('debug', message, fields),
      info: (message, fields) => write('info', message, fields),
      warn: (message, fields) => write('warn', message, fields),
      error: (message, fields) => write('error', message, fields),
    },
  }
}

interface Writer {
  readonly write: (severity: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Fields) => void
  readonly personalData: boolean
}

const levels = {
  started: 'info',
  stopped: 'info',
  died: 'warn',
  state_reset: 'warn',
  reopen_failed: 'error',
} as const

function logEvent(event: StageEvent, writer: Writer): void {
  switch (event.type) {
    case 'request':
      logRequest(event, writer)
      break
    case 'servable_state':
      logState(event, writer)
      break
    case 'inference_process':
      writer.write(levels[event.state], event.message)
      break
    default:
    // Stages, batches and fallbacks are for the metrics: at one or more lines a request nobody would read them.
  }
}

function logRequest(event: Extract<StageEvent, { type: 'request' }>, { write, personalData }: Writer): void {
  const failed = event.httpStatus >= 500
  const severity = severityOf(event)
  // Refusals quote what the client sent (an id; JSON.parse even a piece of the body). Our own failures do not, and need their cause.
  const why = failed || personalData ? { reason: event.message, cause: stackOf(event.cause) } : {}
  write(severity, 'request', {
    request_id: event.requestId,
    model: event.model,
    version: event.version,
    wire: event.wire,
    route: event.route,
    code: event.code,
    status: event.httpStatus,
    duration_ms: Math.round(event.durationMs * 1000) / 1000,
    ...why,
  })
}

/** Turning requests away under load is what we are asked to do, and may be many a second. */
function severityOf({
  httpStatus,
  code,
}: Extract<StageEvent, { type: 'request' }>): 'debug' | 'info' | 'warn' | 'error' {
  if (httpStatus < 400) return 'debug'
  if (httpStatus < 500) return 'info'
  return code === 'unavailable' ? 'warn' : 'error'
}

function logState(event: Extract<StageEvent, { type: 'servable_state' }>, { write }: Writer): void {
  const { servable, state, message, durationMs, details, cause } = event
  const failed = message !== undefined
  // One line a model where people look; the steps on the way are for those who look closer.
  const severity = failed ? 'error' : state === 'available' ? 'info' : 'debug'
  write(severity, failed ? 'model failed to load' : `model ${state}`, {
    model: servable.model,
    version: servable.version,
    ...details,
    duration_ms: durationMs === undefined ? undefined : Math.round(durationMs),
    reason: message,
    cause: stackOf(cause),
  })
}

/** The stacks of an error and its causes. Not its other properties: those of a parser's error hold what it parsed. */
function stackOf(thrown: unknown): string | undefined {
  if (thrown === undefined || thrown === null) return undefined
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = stackOf(thrown.cause)
  return `${thrown.stack ?? thrown.message}${cause ? `\ncaused by: ${cause}` : ''}`
}
