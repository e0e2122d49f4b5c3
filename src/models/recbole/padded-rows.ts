/** Lists of numbers as rows of one width: what is padded may be far larger than the file it is of. */
import { RecserveError } from '../../core/errors.js'

/** Of one table's fields together: a quarter of a gigabyte of float32. */
const maxPaddedValues = 2 ** 26

/** Adds up what the fields of one table take once they are padded. */
export class PaddingBudget {
  readonly #maxValues: number
  readonly #claims = new Map<string, number>()

  constructor(maxValues = maxPaddedValues) {
    this.#maxValues = maxValues
  }

  /**
   * Claims the values of one field; once more, in place of what was claimed for it before.
   *
   * @param place names the field, for messages
   * @throws RecserveError `resource_exhausted` with rows and width
   */
  claim(place: string, rows: number, width: number): void {
    this.#claims.set(place, rows * width)
    const total = [...this.#claims.values()].reduce((sum, values) => sum + values, 0)
    if (total <= this.#maxValues) return
    throw new RecserveError(
      'resource_exhausted',
      `${place}: ${rows} rows padded to the longest one, ${width} values, make ${total} with the sequences before it; at most ${this.#maxValues} are held: shorten the longest (RecBole's seq_len)`,
    )
  }
}

/** The longest of `rows` lists. */
export function widthOf(rows: number, lengthOf: (row: number) => number): number {
  let width = 0
  for (let row = 0; row < rows; row++) width = Math.max(width, lengthOf(row))
  return width
}
