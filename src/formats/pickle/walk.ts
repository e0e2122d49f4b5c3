import { maxEntries } from './budget.js'
import { atOnce, type Steps } from './steps.js'
import { type PickleDict, PickleFault, PickleObject, type PickleValue } from './value.js'

export interface WalkOptions {
  /** Deepest nesting that is walked: the value itself is at depth 0. */
  readonly maxDepth: number
}

type Visit = (value: PickleValue, depth: number) => void

/** Values looked at between two turns: some milliseconds. */
const valuesInTurn = 20_000

/**
 * Tells `visit` every container and object of a pickle once, however often it is shared, in the order Python wrote them;
 * numbers, strings and other leaves are not told. It does not recurse, so nesting costs no stack.
 *
 * @throws PickleFault where nesting is deeper than `maxDepth`
 */
export function walkPickle(root: PickleValue, options: WalkOptions, visit: Visit = () => {}): void {
  atOnce(walkSteps(root, options, visit))
}

/** As `walkPickle`, in pieces. */
export function* walkSteps(
  root: PickleValue,
  { maxDepth }: WalkOptions,
  visit: Visit = () => {},
): Steps<void> {
  const seen = new Set<PickleValue>()
  const open: Iterator<PickleValue>[] = []
  const enter = (value: PickleValue): void => {
    const children = childrenOf(value)
    if (!children || seen.has(value)) return
    if (seen.size >= maxEntries) throw new PickleFault('has too many objects', 'resource_exhausted')
    seen.add(value)
    if (open.length > maxDepth)
      throw new PickleFault(`nests deeper than ${maxDepth} levels`, 'failed_precondition')
    visit(value, open.length)
    open.push(children)
  }
  enter(root)
  for (let count = 1; open.length > 0; count++) {
    if (count % valuesInTurn === 0) yield
    const next = open[open.length - 1]!.next()
    if (next.done) open.pop()
    else enter(next.value)
  }
}

/** Undefined for a leaf. */
function childrenOf(value: PickleValue): Iterator<PickleValue> | undefined {
  if (Array.isArray(value)) return value.values()
  if (value instanceof Map) return flatten(value)
  if (value instanceof Set) return value.values()
  if (value instanceof PickleObject) return partsOf(value)
  return undefined
}

function* flatten(dict: PickleDict): Generator<PickleValue> {
  for (const [key, value] of dict) {
    yield key
    yield value
  }
}

function* partsOf(object: PickleObject): Generator<PickleValue> {
  yield* object.args
  yield* flatten(object.kwargs)
  yield* object.items
  yield* flatten(object.entries)
  if (object.state !== undefined) yield object.state
}
