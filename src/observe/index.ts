/** What listens to stage events: the front door of `observe/`. */
import type { StageListener } from '../core/stage-events.js'

export { createLog, type Log, type Logger, type LogLevel, type LogOptions } from './log.js'
export { createPrometheus, type Prometheus } from './prometheus.js'

/** One listener that tells several, in the order given. */
export function combineListeners(...listeners: readonly StageListener[]): StageListener {
  return (event) => {
    for (const listener of listeners) listener(event)
  }
}
