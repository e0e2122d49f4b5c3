/** Larger ones are parsed one at a time: their objects take many times their bytes. */
const largeBytes = 4 * 2 ** 20

let last: Promise<unknown> = Promise.resolve()

/**
 * Does the work on a pickle, its reading included; on a large one when no other large one of this process is at work.
 *
 * @param bytes of the pickle, at most
 */
export async function oneLargeAtATime<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  if (bytes <= largeBytes) return work()
  const mine = last.then(work)
  last = mine.catch(() => {})
  return mine
}
