/** Histories as graphs take them: left-aligned, the last items, padded on the right as in training (libreco/batch/sequence.py). */

/** How a graph takes a history, and how much of it. */
export type SequenceForm =
  /** `user_interacted_seq`, `user_interacted_len`: most sequence models. */
  | { readonly kind: 'last'; readonly length: number }
  /** `long_seqs`, `short_seqs` and their lengths: SIM. */
  | { readonly kind: 'long_short'; readonly long: number; readonly short: number }
  /** `item_interaction_*`, the non-zero entries of one sparse row: YouTubeRetrieval. */
  | { readonly kind: 'interactions'; readonly length: number }

/** One user's row of a sequence input. */
export interface PaddedSequence {
  readonly items: Int32Array
  /** Places that are no padding; 1 for an empty history, as the library counts it. */
  readonly length: number
}

/**
 * The last `size` items of a history, oldest first, then padding. An item that the model does not know keeps its place.
 *
 * @param history catalog rows, oldest first, -1 for an unknown item
 * @param padding the row after the catalog's last
 */
export function padSequence(
  history: Int32Array,
  { size, padding }: { readonly size: number; readonly padding: number },
): PaddedSequence {
  const items = new Int32Array(size).fill(padding)
  const last = lastOf(history, size)
  for (let i = 0; i < last.length; i++) if (last[i] !== -1) items[i] = last[i]!
  return { items, length: Math.max(1, last.length) }
}

/** The short part is the last `short` items, the long part up to `long` before them (libreco/batch/sequence.py, dual sequences). */
export function splitHistory(
  history: Int32Array,
  { long, short }: { readonly long: number; readonly short: number },
): { readonly long: Int32Array; readonly short: Int32Array } {
  const end = Math.max(0, history.length - short)
  return { long: lastOf(history.subarray(0, end), long), short: history.subarray(end) }
}

/** Values of one sparse row: the last items, unknown ones as -1; one -1 where there is no history. */
export function toInteractions(history: Int32Array, length: number): Int32Array {
  return history.length === 0 ? Int32Array.of(-1) : lastOf(history, length)
}

const lastOf = (history: Int32Array, count: number): Int32Array =>
  history.subarray(Math.max(0, history.length - count))
