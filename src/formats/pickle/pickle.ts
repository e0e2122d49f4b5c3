/** Reads pickles of untrusted origin (protocols 0 to 5): the one reader of all models. Nothing is imported, looked up or called. */
import { RecserveError } from '../../core/errors.js'
import { type FileBytesOptions, readFileBytes } from '../file-bytes.js'
import { createTurns } from '../turns.js'
import { objectBytesFor, PickleBudget } from './budget.js'
import { plainConstructors } from './constructors.js'
import { type ConstructorTable, PickleEnd, PickleMachine } from './machine.js'
import { opcodes } from './opcodes.js'
import { atOnce, inTurns, type Steps } from './steps.js'
import { PickleFault, type PickleValue } from './value.js'
import { walkSteps } from './walk.js'

export interface PickleOptions {
  /** What a persistent id stands for; a pickle that has one is refused unless this is given. */
  readonly fromPersistentId?: (id: PickleValue) => PickleValue
  /** Globals that stand for plain data, besides those of Python and NumPy. */
  readonly constructors?: ConstructorTable
  /** Bounds what is built; shared by pickles within pickles. By the length of the bytes unless given (`objectBytesFor`). */
  readonly budget?: PickleBudget
}

/** One pickle of a file that may hold several. */
export interface PicklePart {
  readonly value: PickleValue
  /** Place behind it. */
  readonly end: number
}

/** Twice Python's own limit of recursion, within which pickles are written (sys.getrecursionlimit). */
const maxDepth = 2000
/** Opcodes run at once: some milliseconds. */
const stepsInTurn = 20_000

/**
 * The value that was pickled; bytes behind it are not looked at.
 *
 * @param name of the file, for messages
 * @throws RecserveError `data_loss` where it is damaged; `resource_exhausted` where it builds too much;
 * `failed_precondition` for what is nested too deeply or cannot be told from the file alone
 */
export function parsePickle(bytes: Uint8Array, name: string, options: PickleOptions = {}): PickleValue {
  const part = atOnce(pickleSteps(bytes, 0, name, options))
  return part ? part.value : failAtEnd(bytes, name)
}

/** As `parsePickle`, of a file's bytes and in slices of time. */
export async function readPickle(
  path: string,
  options: FileBytesOptions & PickleOptions,
): Promise<PickleValue> {
  const { bytes, name } = await readFileBytes(path, options)
  return parsePickleInTurns(bytes, name, { ...options, turn: createTurns(options.signal) })
}

/** As `parsePickle`; `turn` is awaited between pieces of work. */
export async function parsePickleInTurns(
  bytes: Uint8Array,
  name: string,
  { turn, ...options }: PickleOptions & { readonly turn: () => Promise<void> },
): Promise<PickleValue> {
  const part = await inTurns(pickleSteps(bytes, 0, name, options), turn)
  return part ? part.value : failAtEnd(bytes, name)
}

/**
 * The pickle that begins at `offset`, read in pieces.
 *
 * @returns undefined where the bytes end within it
 * @throws RecserveError as `parsePickle`
 */
export function* pickleSteps(
  bytes: Uint8Array,
  offset: number,
  name: string,
  options: PickleOptions = {},
): Steps<PicklePart | undefined> {
  const { fromPersistentId, constructors, budget = new PickleBudget(objectBytesFor(bytes.length)) } = options
  const known = constructors ? new Map([...plainConstructors, ...constructors]) : plainConstructors
  const machine = new PickleMachine(bytes, offset, { fromPersistentId, budget, constructors: known })
  try {
    while (!machine.isStopped) {
      for (let step = 0; step < stepsInTurn && !machine.isStopped; step++) runOpcode(machine)
      yield
    }
    const value = machine.pop()
    yield* walkSteps(value, { maxDepth })
    return { value, end: machine.at }
  } catch (thrown) {
    if (thrown instanceof PickleEnd) return undefined
    if (!(thrown instanceof RecserveError)) throw thrown
    const place = `${opcodeAt(machine)} at byte ${machine.begin} of the pickle`
    throw new RecserveError(thrown.code, `${name}: ${thrown.message} (${place})`, { cause: thrown })
  }
}

function runOpcode(machine: PickleMachine): void {
  machine.begin = machine.at
  const byte = machine.uint8()
  const opcode = opcodes[byte]
  if (!opcode) throw new PickleFault(`has the byte 0x${byte.toString(16)} where an opcode is due`)
  opcode.run(machine)
}

function opcodeAt(machine: PickleMachine): string {
  return opcodes[machine.bytes[machine.begin] ?? 0]?.name ?? 'no opcode'
}

function failAtEnd(bytes: Uint8Array, name: string): never {
  throw new RecserveError('data_loss', `${name}: ends within its pickle, after ${bytes.length} bytes`)
}
