/** Globals of Python's own library and of NumPy that stand for plain data. None is looked up or called: this table is all there is. */
import { costs, type PickleBudget } from './budget.js'
import type { Constructor, ConstructorTable } from './machine.js'
import { NumpyArray, NumpyDtype } from './numpy-array.js'
import { PickleFault, PickleGlobal, PickleObject, type PickleValue } from './value.js'

type Args = readonly PickleValue[]

const pythonConstructors: Readonly<Record<string, Constructor>> = {
  'collections.OrderedDict': ([pairs], budget) => toDict(pairs, budget),
  'collections.Counter': ([counts], budget) => toDict(counts, budget),
  'collections.defaultdict': ([, content], budget) => toDict(content, budget),
  'builtins.dict': ([content], budget) => toDict(content, budget),
  'collections.deque': ([content], budget) => toList(content, budget),
  'builtins.list': ([content], budget) => toList(content, budget),
  'builtins.tuple': ([content], budget) => toList(content, budget),
  'builtins.set': ([content], budget) => toSet(content, budget),
  'builtins.frozenset': ([content], budget) => toSet(content, budget),
  'builtins.bytearray': toBytes,
  'builtins.bytes': toBytes,
  '_codecs.encode': toBytes,
  'copyreg._reconstructor': reconstruct,
  'copyreg.__newobj__': makeNew,
}

const numpyConstructors: Readonly<Record<string, Constructor>> = {
  'numpy.dtype': ([code]) => {
    if (code instanceof PickleGlobal) return undefined
    if (typeof code !== 'string' || code.length > 20) throw new PickleFault('a numpy.dtype has no code')
    return new NumpyDtype(code.replace(/^[<>=|]/, ''))
  },
}

/** By the name in NumPy's `core`, which version 2 calls `_core`. */
const numpyCoreConstructors: Readonly<Record<string, Constructor>> = {
  'multiarray._reconstruct': () => new NumpyArray(),
  'multiarray.scalar': toScalar,
  // Protocol 5 writes arrays as buffer, dtype, shape and order.
  'numeric._frombuffer': ([content, dtype, shape, order]) => {
    if (!(dtype instanceof NumpyDtype)) throw new PickleFault('a numpy.ndarray has no dtype')
    return NumpyArray.of(dtype, shape ?? null, content ?? null, order === 'F')
  },
}

/** What every pickle's reader knows. */
export const plainConstructors: ConstructorTable = new Map([
  ...Object.entries(pythonConstructors),
  ...Object.entries(numpyConstructors),
  ...['numpy.core', 'numpy._core'].flatMap((module) =>
    Object.entries(numpyCoreConstructors).map(([name, made]) => [`${module}.${name}`, made] as const),
  ),
])

/** From a dict, or pairs, or nothing. */
function toDict(content: PickleValue | undefined, budget: PickleBudget): PickleValue {
  budget.spend(costs.map)
  if (content === undefined || content === null) return new Map()
  if (content instanceof Map) {
    budget.spendEntries(0, content.size)
    return new Map(content)
  }
  const dict = new Map<PickleValue, PickleValue>()
  const pairs = toList(content, budget)
  budget.spendEntries(0, pairs.length)
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new PickleFault('makes a dict of what are no pairs')
    dict.set(pair[0], pair[1])
  }
  return dict
}

function toList(content: PickleValue | undefined, budget: PickleBudget): PickleValue[] {
  if (content === undefined) return []
  if (!Array.isArray(content) && !(content instanceof Set))
    throw new PickleFault('makes a list of what is no list')
  budget.spend(costs.array + costs.element * (Array.isArray(content) ? content.length : content.size))
  return [...content]
}

function toSet(content: PickleValue | undefined, budget: PickleBudget): PickleValue {
  const values = toList(content, budget)
  budget.spend(costs.map)
  budget.spendEntries(0, values.length)
  return new Set(values)
}

/** From bytes; or as protocols below 3 write them, a string and its encoding, Latin-1. */
function toBytes([content, encoding]: Args, budget: PickleBudget): PickleValue | undefined {
  if (content === undefined) return new Uint8Array()
  if (content instanceof Uint8Array) return content
  if (typeof content !== 'string') return undefined
  if (encoding !== undefined && !/^latin[-_]?1$/.test(String(encoding)))
    throw new PickleFault('makes bytes of text that is not of Latin-1')
  budget.spend(costs.object + content.length)
  return new Uint8Array(Buffer.from(content, 'latin1'))
}

/** `(class, base, content)`: an object of the class; content is what its base (`dict`, `list`, `str` …) holds. */
function reconstruct([type, base, content]: Args, budget: PickleBudget): PickleValue | undefined {
  if (!(type instanceof PickleGlobal)) return undefined
  const isPlain = base instanceof PickleGlobal && base.path === 'builtins.object'
  const known = plainConstructors.get(type.path)?.(isPlain ? [] : [content ?? null], budget)
  if (known !== undefined) return known
  if (isPlain || content === undefined) return new PickleObject(type, [])
  if (content instanceof Map) {
    budget.spendEntries(0, content.size)
    return new PickleObject(type, [], undefined, { entries: new Map(content) })
  }
  if (Array.isArray(content)) return new PickleObject(type, [], undefined, { items: toList(content, budget) })
  return new PickleObject(type, [content])
}

/** `(class, …)`: an object of the class, as protocol 1 makes what NEWOBJ makes. */
function makeNew([type, ...args]: Args, budget: PickleBudget): PickleValue | undefined {
  if (!(type instanceof PickleGlobal)) return undefined
  budget.spend(costs.element * args.length)
  return plainConstructors.get(type.path)?.(args, budget) ?? new PickleObject(type, args)
}

/** A number, boolean or text by itself; a date keeps its unit, as an array of no dimensions. */
function toScalar([dtype, content]: Args): PickleValue {
  if (!(dtype instanceof NumpyDtype)) throw new PickleFault('a NumPy scalar has no dtype')
  if (dtype.isObject) return content ?? null
  const array = NumpyArray.of(dtype, [], content ?? null)
  if (dtype.isStructured || /^[cmMV]/.test(dtype.code)) return array
  return array.toValues()[0] ?? null
}
