/** What each user has had, oldest first, from the interactions of a data set. */
import type { RaggedInt32 } from '../../tensor/ragged.js'
import type { Interactions } from './dataset.js'

/**
 * Row = internal user id, values = internal item ids, the last interaction included. Rows of the padding (RecBole gives id 0
 * to a user or an item without a token) are left out.
 *
 * As RecBole sorts them (recbole/data/dataset/sequential_dataset.py): stably, by the time as float32, which at today's
 * seconds since 1970 is a step of 128 s; what is within one step stays in the order of the file.
 */
export function toHistory({ users, items, times }: Interactions, userCount: number): RaggedInt32 {
  const offsets = new Int32Array(userCount + 1)
  const isReal = (row: number) => users[row] !== 0 && items[row] !== 0
  for (let row = 0; row < users.length; row++) if (isReal(row)) offsets[users[row]! + 1]!++
  for (let user = 0; user < userCount; user++) offsets[user + 1]! += offsets[user]!
  const next = offsets.slice()
  const rows = new Int32Array(offsets[userCount]!)
  for (let row = 0; row < users.length; row++) if (isReal(row)) rows[next[users[row]!]!++] = row
  if (times) {
    const order = byTime(Float32Array.from(times))
    for (let user = 0; user < userCount; user++) rows.subarray(offsets[user], offsets[user + 1]).sort(order)
  }
  return { offsets, values: rows.map((row) => items[row]!) }
}

/** Rising times, equal ones in the order of their rows; NaN last. */
function byTime(times: Float32Array): (a: number, b: number) => number {
  const key = times.map((time) => (Number.isNaN(time) ? Infinity : time))
  return (a, b) => (key[a] === key[b] ? a - b : key[a]! - key[b]!)
}
