/** When a dead inference process is started again: decided here, done in process-engine.ts. Times in milliseconds. */

/** Deaths further back say nothing about the next start. */
const windowMs = 30_000
const firstDelayMs = 100
const maxDelayMs = 5_000
/** As many deaths within the window, and requests are refused instead of made to wait. */
const failingAfter = 5

/** The deaths that still count. */
export function recentDeaths(deathsMs: readonly number[], nowMs: number): readonly number[] {
  return deathsMs.filter((death) => nowMs - death < windowMs)
}

/** How long to wait before the next start: not at all after one death, then 100 ms doubling up to 5 s. */
export function restartDelayMs(deathsMs: readonly number[], nowMs: number): number {
  const deaths = recentDeaths(deathsMs, nowMs).length
  return deaths < 2 ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** (deaths - 2))
}

/** Whether the process dies so often that nobody should wait for it. */
export function isFailing(deathsMs: readonly number[], nowMs: number): boolean {
  return recentDeaths(deathsMs, nowMs).length >= failingAfter
}
