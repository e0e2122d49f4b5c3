/** What a pickle becomes: plain data, and inert records of everything that Python would have called. */
import { type Code, RecserveError } from '../../core/errors.js'

/**
 * One value of a pickle.
 *
 * | Python | here |
 * |---|---|
 * | `None`, `bool`, `str` | null, boolean, string |
 * | `int` | number, or bigint beyond 2^53 - 1 |
 * | `float` | number |
 * | `bytes`, `bytearray` | Uint8Array (may be a view into the file's bytes) |
 * | `list`, `tuple`, `deque` | array |
 * | `dict`, `OrderedDict`, `defaultdict`, `Counter` | Map, in order; attributes set on one are dropped |
 * | `set`, `frozenset` | Set |
 * | NumPy arrays, and scalars of dates | NumpyArray, a PickleExtension; other NumPy scalars are numbers, booleans, strings, bytes |
 * | PyTorch tensors | TorchTensor, a PickleExtension (only where `formats/torch` reads) |
 * | a class or function | PickleGlobal |
 * | any other object, enum members too | PickleObject |
 *
 * SciPy's and pandas' objects are PickleObjects, which `toSparseMatrix`, `toDataFrame` and `toSeries` turn into arrays.
 * Values may be shared and even contain themselves: whoever walks all of a pickle does so with `walkPickle`.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | ReadonlySet<PickleValue>
  | PickleGlobal
  | PickleObject
  | PickleExtension

/** What is wrong with a value; the reader of a file adds the file's name and the place. */
export class PickleFault extends RecserveError {
  constructor(message: string, code: Code = 'data_loss') {
    super(code, message)
  }
}

/** A `dict`. Keys that are tuples or objects are found by iteration only. */
export type PickleDict = ReadonlyMap<PickleValue, PickleValue>

/** A value of a library's own type, whose bytes are decoded when asked for: NumpyArray, TorchTensor. */
export abstract class PickleExtension {
  /** What it is, for messages: `a NumPy array of <f4, shape [3, 2]`. */
  abstract describe(): string
  /**
   * Takes what `__setstate__` would have been given.
   *
   * @throws PickleFault where that is not as the library writes it
   */
  abstract setState(state: PickleValue): void
}

/** A class or function by name; it is never looked up. */
export class PickleGlobal {
  /** As `collections` or `recbole.utils.enum_type`; Python 2's `__builtin__` and `copy_reg` are renamed. */
  readonly module: string
  /** As `OrderedDict`; a nested class has dots. */
  readonly name: string

  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }

  /** `module.name`. */
  get path(): string {
    return `${this.module}.${this.name}`
  }
}

const noKwargs: PickleDict = new Map()

/** What an object holds that is a list or a dict as well. */
interface PickleContent {
  readonly items?: PickleValue[]
  readonly entries?: Map<PickleValue, PickleValue>
}

/**
 * What Python would have made by calling something: an inert record of the call. An enum's member is one whose `args`
 * are `[value]`; an object of an ordinary class has its attributes in `attributes`.
 */
export class PickleObject {
  /** What would have been called: a class, mostly. */
  readonly type: PickleGlobal
  readonly args: readonly PickleValue[]
  /** Keyword arguments (NEWOBJ_EX); empty otherwise. */
  readonly kwargs: PickleDict
  /** What `__setstate__` would have been given; undefined where there is none. */
  state: PickleValue | undefined = undefined
  /** What `append` and `extend` would have been given: the elements of a subclass of `list`. */
  readonly items: PickleValue[]
  /** What would have been set by key: the content of a subclass of `dict`. */
  readonly entries: Map<PickleValue, PickleValue>

  constructor(
    type: PickleGlobal,
    args: readonly PickleValue[],
    kwargs: PickleDict = noKwargs,
    { items = [], entries = new Map() }: PickleContent = {},
  ) {
    this.type = type
    this.args = args
    this.kwargs = kwargs
    this.items = items
    this.entries = entries
  }

  /** The class, as `recbole.config.configurator.Config`. */
  get path(): string {
    return this.type.path
  }

  /** `__dict__`: the state where it is a dict, the dict in a `(dict, slots)` pair; undefined otherwise. */
  get attributes(): PickleDict | undefined {
    const { state } = this
    if (state instanceof Map) return state
    if (Array.isArray(state) && state.length === 2 && state[0] instanceof Map) return state[0]
    return undefined
  }
}
