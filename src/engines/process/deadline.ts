import { RecserveError } from '../../core/errors.js'

/** The longest a Node.js timer can wait; a longer one fires at once. */
const maxTimerMs = 2 ** 31 - 1

/** The work's outcome; its signal fires with `deadline_exceeded` after so long, and with the caller's reason as the caller's does. */
export async function withinDeadline<T>(
  deadlineMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const fire = (): void =>
    late.abort(new RecserveError('deadline_exceeded', `there was no answer within ${deadlineMs} ms`))
  const timer = setTimeout(fire, Math.min(deadlineMs, maxTimerMs))
  try {
    return await work(signal ? AbortSignal.any([signal, late.signal]) : late.signal)
  } finally {
    clearTimeout(timer)
  }
}
