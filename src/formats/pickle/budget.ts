import { PickleFault } from './value.js'

/** What may be built of one file: a pickle of few bytes can ask for many objects. */
export class PickleBudget {
  readonly #bytes: number
  #left: number

  /** @param bytes most memory that values may take, by a rough estimate of what each one does */
  constructor(bytes: number) {
    this.#bytes = bytes
    this.#left = bytes
  }

  /** @throws PickleFault `resource_exhausted` */
  spend(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) tooMuch(`builds more than the ${this.#bytes} bytes of objects it may`)
  }

  /** For a dict or set of `size` entries that gets `added` more, at most. @throws PickleFault `resource_exhausted` */
  spendEntries(size: number, added: number): void {
    if (size + added > maxEntries) tooMuch(`has a dict or set of more than ${maxEntries} entries`)
    this.spend(costs.entry * added)
  }

  /** For a list of `length` elements that gets `added` more. @throws PickleFault `resource_exhausted` */
  spendElements(length: number, added: number): void {
    if (length + added > maxElements) tooMuch(`has a list of more than ${maxElements} elements`)
    this.spend(costs.element * added)
  }
}

/** Most entries of a Map or Set in V8, less one. */
export const maxEntries = 2 ** 24 - 1
/** An array that grows beyond some 2^27 elements ends the process; a growing one is made half as long again. */
export const maxElements = 2 ** 26
/** Longer text is refused, before V8 refuses it at 2^29. */
export const maxTextBytes = 2 ** 28

/** What honest pickles build takes some 10 to 30 times their bytes; a small one may be all of empty dicts. */
const objectBytesPerByte = 64
const leastObjectBytes = 2 ** 26
const mostObjectBytes = 2 ** 31

/** What may be built of a file of so many bytes. */
export function objectBytesFor(fileBytes: number): number {
  return Math.min(Math.max(objectBytesPerByte * fileBytes, leastObjectBytes), mostObjectBytes)
}

/** Rough sizes in V8, in bytes. */
export const costs = { array: 64, element: 16, map: 200, entry: 48, object: 500, text: 32, memo: 32 } as const

function tooMuch(text: string): never {
  throw new PickleFault(text, 'resource_exhausted')
}
