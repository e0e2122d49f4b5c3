/** Step 7 of the walk: choosing the best rows of a score array in one pass. */

export type NumberArray = Float32Array | Float64Array | Int32Array

/** Rows with their scores, best first. */
export interface TopK {
  readonly indices: Int32Array
  readonly scores: NumberArray
}

/** Marks rows as not to be chosen: their score becomes NaN, which `topK` never picks. Rows outside the array are ignored. */
export function exclude(scores: Float32Array | Float64Array, rows: Int32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row >= 0 && row < scores.length) scores[row] = Number.NaN
  }
}

/**
 * The k largest scores, best first; equal scores: the lower index first; NaN: never chosen. So fewer than k come back
 * where fewer rows have a score.
 *
 * A binary heap of the best k so far, its worst at the root; the scan tests eight scores at a time against that root
 *.
 */
export function topK(scores: Float32Array | Float64Array, k: number): TopK {
  const n = scores.length
  const capacity = Math.max(0, Math.min(k, n))
  const heap: Heap = { indices: new Int32Array(capacity), scores: newLike(scores, capacity), size: 0 }
  if (capacity === 0) return heap
  let i = 0
  for (; i < n && heap.size < capacity; i++) if (!Number.isNaN(scores[i])) push(heap, scores[i]!, i)
  let worst = heap.scores[0]!
  // The scan goes up, so an equal score never replaces an earlier one: strictly greater is enough.
  for (; i + 8 <= n; i += 8) {
    if (
      scores[i]! > worst ||
      scores[i + 1]! > worst ||
      scores[i + 2]! > worst ||
      scores[i + 3]! > worst ||
      scores[i + 4]! > worst ||
      scores[i + 5]! > worst ||
      scores[i + 6]! > worst ||
      scores[i + 7]! > worst
    ) {
      for (let j = i; j < i + 8; j++) {
        if (scores[j]! > worst) {
          replaceRoot(heap, scores[j]!, j)
          worst = heap.scores[0]!
        }
      }
    }
  }
  for (; i < n; i++) {
    if (scores[i]! > worst) {
      replaceRoot(heap, scores[i]!, i)
      worst = heap.scores[0]!
    }
  }
  return sorted(heap)
}

/** The k best of given rows: `scores[j]` is the score of row `rows[j]`. Equal scores: the lower row first. */
export function topKOf(rows: Int32Array, scores: Float32Array | Float64Array, k: number): TopK {
  // topK breaks ties by position, so positions have to be in row order.
  const ascending = rows.every((row, j) => j === 0 || rows[j - 1]! < row)
  if (!ascending) {
    const order = Uint32Array.from(rows.keys()).sort((a, b) => rows[a]! - rows[b]!)
    const sortedScores = newLike(scores, rows.length)
    for (let j = 0; j < order.length; j++) sortedScores[j] = scores[order[j]!]!
    return topKOf(rows.slice().sort(), sortedScores, k)
  }
  const best = topK(scores, k)
  return { indices: best.indices.map((j) => rows[j]!), scores: best.scores }
}

interface Heap {
  readonly indices: Int32Array
  readonly scores: Float32Array | Float64Array
  size: number
}

function newLike(scores: Float32Array | Float64Array, length: number): Float32Array | Float64Array {
  return scores instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
}

/** Whether the first is to be thrown out before the second: a lower score, or the same score and a higher index. */
function isWorse(scoreA: number, indexA: number, scoreB: number, indexB: number): boolean {
  return scoreA < scoreB || (scoreA === scoreB && indexA > indexB)
}

function push(heap: Heap, score: number, index: number): void {
  let child = heap.size++
  while (child > 0) {
    const parent = (child - 1) >> 1
    if (!isWorse(score, index, heap.scores[parent]!, heap.indices[parent]!)) break
    heap.scores[child] = heap.scores[parent]!
    heap.indices[child] = heap.indices[parent]!
    child = parent
  }
  heap.scores[child] = score
  heap.indices[child] = index
}

function replaceRoot(heap: Heap, score: number, index: number): void {
  const { scores, indices, size } = heap
  let parent = 0
  for (;;) {
    let child = 2 * parent + 1
    if (child >= size) break
    if (child + 1 < size && isWorse(scores[child + 1]!, indices[child + 1]!, scores[child]!, indices[child]!))
      child++
    if (!isWorse(scores[child]!, indices[child]!, score, index)) break
    scores[parent] = scores[child]!
    indices[parent] = indices[child]!
    parent = child
  }
  scores[parent] = score
  indices[parent] = index
}

/** Empties the heap from its worst upwards, into the places it frees: best first. */
function sorted(heap: Heap): TopK {
  const { scores, indices, size } = heap
  for (let end = size - 1; end > 0; end--) {
    const score = scores[0]!
    const index = indices[0]!
    heap.size = end
    replaceRoot(heap, scores[end]!, indices[end]!)
    scores[end] = score
    indices[end] = index
  }
  if (size === indices.length) return { indices, scores }
  // Copies: a view would move a small array out of V8's heap, which costs more than ten numbers.
  return { indices: indices.slice(0, size), scores: scores.slice(0, size) }
}
