/** npm and npx forward a Ctrl-C that the terminal has sent to us already: a second signal sooner than this is the same one. */
const sameSignalMs = 1_000

const signals = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof signals)[number]

/** The part of `process` that is needed, and a clock. */
export interface StopSignalTools {
  on(signal: Signal, listener: () => void): unknown
  off(signal: Signal, listener: () => void): unknown
  /** Milliseconds, monotonic. */
  now(): number
  /** Sends the signal once more, now that it has its default effect again. */
  raise(signal: Signal): void
}

/** Takes over SIGINT and SIGTERM: the first of them aborts the signal, the next ends the process as if this had not been called. */
export function createStopSignal(tools: StopSignalTools): AbortSignal {
  const stop = new AbortController()
  let stoppedMs: number | undefined
  const listeners = signals.map((signal) => ({
    signal,
    listener() {
      if (stoppedMs === undefined) {
        stoppedMs = tools.now()
        stop.abort()
      } else if (tools.now() - stoppedMs >= sameSignalMs) {
        for (const { signal, listener } of listeners) tools.off(signal, listener)
        tools.raise(signal)
      }
    },
  }))
  for (const { signal, listener } of listeners) tools.on(signal, listener)
  return stop.signal
}
