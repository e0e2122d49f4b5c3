import { claimTensor } from '../../run-limits.js'

/** Pieces of bytes one after another in one array, by number: what a hundred thousand keys are kept as. */
export class ByteRows {
  #bytes = new Uint8Array(1024)
  #used = 0
  #starts = new Uint32Array(64)
  #ends = new Uint32Array(64)
  length = 0

  /** All pieces; those of a row lie from `start(row)` to `end(row)`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  start(row: number): number {
    return this.#starts[row]!
  }

  end(row: number): number {
    return this.#ends[row]!
  }

  slice(row: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[row], this.#ends[row])
  }

  push(piece: Uint8Array): void {
    if (this.length === this.#starts.length) {
      this.#starts = grown(this.#starts, 2 * this.length)
      this.#ends = grown(this.#ends, 2 * this.length)
    }
    this.set(this.length, piece)
    this.length++
  }

  /** Puts another piece in the place of a row's; its old one is kept where the new one does not fit into it. */
  set(row: number, piece: Uint8Array): void {
    const [start, end] = [this.#starts[row]!, this.#ends[row]!]
    if (piece.length <= end - start) {
      this.#bytes.set(piece, start)
      this.#ends[row] = start + piece.length
      return
    }
    const needed = this.#used + piece.length
    if (needed > this.#bytes.length) this.#bytes = grown(this.#bytes, 2 * needed)
    this.#bytes.set(piece, this.#used)
    this.#starts[row] = this.#used
    this.#ends[row] = needed
    this.#used = needed
  }
}

/** A wider copy, for which the run's budget is asked. */
export function grown<A extends Uint8Array | Uint32Array | Int32Array>(old: A, length: number): A {
  claimTensor('table', [length], length * old.BYTES_PER_ELEMENT)
  const wider = new (old.constructor as new (length: number) => A)(length)
  wider.set(old)
  return wider
}
