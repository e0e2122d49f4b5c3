/** Boxes within tensors, and copying between them (tensorflow/core/framework/tensor_slice.cc). */

/** A piece of one dimension; without a length all of it. */
export interface Extent {
  readonly start: number
  readonly length?: number
}

/** A box with all its bounds. */
export interface Box {
  readonly starts: readonly number[]
  readonly lengths: readonly number[]
}

export function wholeBox(shape: readonly number[]): Box {
  return { starts: shape.map(() => 0), lengths: shape }
}

/** The box that extents are within a shape; undefined where they do not lie in it. */
export function toBox(extents: readonly Extent[], shape: readonly number[]): Box | undefined {
  if (extents.length !== shape.length) return undefined
  const starts = extents.map(({ start, length }) => (length === undefined ? 0 : start))
  const lengths = extents.map(({ length }, d) => length ?? shape[d]!)
  const isInside = lengths.every(
    (length, d) => length >= 0 && starts[d]! >= 0 && starts[d]! + length <= shape[d]!,
  )
  return isInside ? { starts, lengths } : undefined
}

/** What two boxes have in common; undefined where that is nothing. */
export function intersect(a: Box, b: Box): Box | undefined {
  const starts = a.starts.map((start, d) => Math.max(start, b.starts[d]!))
  const lengths = starts.map(
    (start, d) => Math.min(a.starts[d]! + a.lengths[d]!, b.starts[d]! + b.lengths[d]!) - start,
  )
  return lengths.every((length) => length > 0) ? { starts, lengths } : undefined
}

/** What `copyBox` needs of typed arrays and of plain arrays alike. */
export interface Cells<C> {
  readonly from: C
  readonly fromBox: Box
  readonly to: C
  readonly toBox: Box
  /** Copies `count` cells. */
  readonly copy: (from: C, fromAt: number, to: C, toAt: number, count: number) => void
}

/** Copies the cells of `part`, which lies in both boxes, from one row-major box to the other, run by run. */
export function copyBox<C>(part: Box, { from, fromBox, to, toBox, copy }: Cells<C>): void {
  const rank = part.lengths.length
  const runLength = part.lengths[rank - 1] ?? 1
  const place = [...part.starts]
  for (;;) {
    copy(from, cellAt(place, fromBox), to, cellAt(place, toBox), runLength)
    // The next run: like an odometer, without its last wheel.
    let d = rank - 2
    while (d >= 0 && ++place[d]! === part.starts[d]! + part.lengths[d]!) place[d] = part.starts[d--]!
    if (d < 0) return
  }
}

function cellAt(place: readonly number[], { starts, lengths }: Box): number {
  let at = 0
  for (let d = 0; d < place.length; d++) at = at * lengths[d]! + place[d]! - starts[d]!
  return at
}

/** `0,4:-`: a slice of each dimension by start and length, or `-` for all of it; undefined where that is no slice. */
export function parseExtents(text: string): readonly Extent[] | undefined {
  const extents = text.split(':').map((part): Extent | undefined => {
    if (part === '-') return { start: 0 }
    const match = /^(\d{1,15}),(\d{1,15})$/.exec(part)
    return match ? { start: Number(match[1]), length: Number(match[2]) } : undefined
  })
  return extents.every((extent) => extent !== undefined) ? extents : undefined
}
