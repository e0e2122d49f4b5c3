/** RecBole's notation for sets of numbers: `"[5,inf)"`, `"(0,1];[3,4)"` (Dataset._parse_intervals_str). */
import { RecserveError } from '../../core/errors.js'

export interface Interval {
  readonly low: number
  readonly high: number
  readonly includesLow: boolean
  readonly includesHigh: boolean
}

/**
 * @param name of the setting, for messages
 * @throws RecserveError `data_loss` for a part that is no interval
 */
export function parseIntervals(text: string, name: string): readonly Interval[] {
  return text.split(';').map((part) => {
    const found = /^([[(])([^,]*),([^,]*)([\])])$/.exec(part.trim())
    const low = endpoint(found?.[2])
    const high = endpoint(found?.[3])
    if (!found || low === undefined || high === undefined) {
      throw new RecserveError(
        'data_loss',
        `the checkpoint's setting ${name} has ${JSON.stringify(part.slice(0, 80))} where an interval such as "[5,inf)" is expected`,
      )
    }
    return { low, high, includesLow: found[1] === '[', includesHigh: found[4] === ']' }
  })
}

/** Whether a number is in one of them; NaN never is. */
export function isWithin(value: number, intervals: readonly Interval[]): boolean {
  return intervals.some(
    ({ low, high, includesLow, includesHigh }) =>
      (includesLow ? value >= low : value > low) && (includesHigh ? value <= high : value < high),
  )
}

function endpoint(text: string | undefined): number | undefined {
  const plain = text?.trim().toLowerCase()
  if (plain === undefined || plain === '') return undefined
  if (/^[+-]?inf(inity)?$/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity
  const value = Number(plain)
  return Number.isNaN(value) ? undefined : value
}
