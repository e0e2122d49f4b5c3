/**
 * Arrays as values, of which the newest version costs no copy: shallow binding (Baker, "Shallow Binding Makes Functional
 * Arrays Fast", SIGPLAN Notices 26(8), 1991). All versions share one array, which is as the version in use needs it; each
 * other one knows what it has differently from the version that was made of it. So a change of the newest version takes
 * constant time, and nothing refers to old versions but who still holds them.
 */
import { spend } from '../run-limits.js'

/** How a version differs from the next one. */
interface Difference<T> {
  readonly next: VersionedArray<T>
  readonly length: number
  readonly index: number
  readonly value: T
}

export class VersionedArray<T> {
  /** Of the version in use. */
  #array: T[] | undefined
  #difference: Difference<T> | undefined

  /** @param elements taken over: nobody else may change them */
  constructor(elements: T[]) {
    this.#array = elements
  }

  /** As they are until any version is asked for or changed again. */
  get elements(): readonly T[] {
    return this.#take()
  }

  /** What this version keeps in memory by itself: all of its elements, or its difference and the next version. */
  *heldValues(): Iterable<T | VersionedArray<T>> {
    if (this.#array) yield* this.#array
    else if (this.#difference) yield* [this.#difference.value, this.#difference.next]
  }

  get placeCount(): number {
    return this.#array?.length ?? 1
  }

  /** With one element changed, or added where the length grows by one. */
  with(index: number, value: T): VersionedArray<T> {
    return this.#change(Math.max(index + 1, this.#take().length), index, value)
  }

  /** Without the last element. */
  withoutLast(): VersionedArray<T> {
    const array = this.#take()
    return this.#change(array.length - 1, array.length - 1, array.at(-1)!)
  }

  #change(length: number, index: number, value: T): VersionedArray<T> {
    const array = this.#take()
    const next = new VersionedArray(array)
    this.#array = undefined
    this.#difference = { next, length: array.length, index, value: array[index]! }
    apply(array, { length, index, value })
    return next
  }

  /** Makes this the version in use: walks to that one, and back with every difference turned round. */
  #take(): T[] {
    if (this.#array) return this.#array
    const path: VersionedArray<T>[] = []
    let current: VersionedArray<T> = this
    for (; current.#difference; current = current.#difference.next) path.push(current)
    const array = current.#array!
    for (const version of path.reverse()) {
      spend(1)
      const { next, length, index, value } = version.#difference!
      next.#difference = { next: version, length: array.length, index, value: array[index]! }
      next.#array = undefined
      apply(array, { length, index, value })
      version.#array = array
      version.#difference = undefined
    }
    return array
  }
}

function apply<T>(array: T[], { length, index, value }: Omit<Difference<T>, 'next'>): void {
  array.length = length
  if (index < length) array[index] = value
}
