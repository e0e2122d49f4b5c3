/** Opcodes by which Python would look things up and call them. Here they make records, and plain data of what is known. */
import { costs } from './budget.js'
import type { PickleMachine } from './machine.js'
import {
  type PickleDict,
  PickleExtension,
  PickleFault,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from './value.js'

/** Python 2's names of what protocols 0 to 2 write (CPython's Lib/_compat_pickle.py). */
const renamedModules: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
])
/** What stands for a call of something that is itself the result of a call. */
const callOfValue = new PickleGlobal('operator', 'call')

export const objectOpcodes = {
  GLOBAL: [0x63, (machine: PickleMachine) => machine.push(readGlobal(machine))],
  STACK_GLOBAL: [
    0x93,
    (machine: PickleMachine) => {
      const name = machine.pop()
      const module = machine.pop()
      if (typeof module !== 'string' || typeof name !== 'string')
        throw new PickleFault('names a global by what is no string')
      machine.push(toGlobal(machine, module, name))
    },
  ],
  REDUCE: [
    0x52,
    (machine: PickleMachine) => {
      const args = toArgs(machine.pop())
      machine.push(construct(machine, machine.pop(), args))
    },
  ],
  NEWOBJ: [
    0x81,
    (machine: PickleMachine) => {
      const args = toArgs(machine.pop())
      machine.push(construct(machine, machine.pop(), args))
    },
  ],
  NEWOBJ_EX: [
    0x92,
    (machine: PickleMachine) => {
      const kwargs = machine.pop()
      if (!(kwargs instanceof Map)) throw new PickleFault('has keyword arguments that are no dict')
      const args = toArgs(machine.pop())
      machine.push(construct(machine, machine.pop(), args, kwargs))
    },
  ],
  INST: [
    0x69,
    (machine: PickleMachine) => {
      const type = readGlobal(machine)
      machine.push(construct(machine, type, machine.popMark()))
    },
  ],
  OBJ: [
    0x6f,
    (machine: PickleMachine) => {
      const [type, ...args] = machine.popMark()
      if (type === undefined) throw new PickleFault('makes an object without a class')
      machine.push(construct(machine, type, args))
    },
  ],
  BUILD: [
    0x62,
    (machine: PickleMachine) => {
      const state = machine.pop()
      setState(machine.peek(), state)
    },
  ],
  PERSID: [0x50, (machine: PickleMachine) => pushPersistent(machine, machine.line().toString('latin1'))],
  BINPERSID: [0x51, (machine: PickleMachine) => pushPersistent(machine, machine.pop())],
  EXT1: [0x82, refuseExtension],
  EXT2: [0x83, refuseExtension],
  EXT4: [0x84, refuseExtension],
} as const

function readGlobal(machine: PickleMachine): PickleGlobal {
  const module = machine.line().toString('utf8')
  return toGlobal(machine, module, machine.line().toString('utf8'))
}

function toGlobal(machine: PickleMachine, module: string, name: string): PickleGlobal {
  machine.budget.spend(costs.array)
  return new PickleGlobal(renamedModules.get(module) ?? module, name)
}

function toArgs(args: PickleValue): readonly PickleValue[] {
  if (!Array.isArray(args)) throw new PickleFault('has arguments that are no tuple')
  return args
}

/** Plain data where the global is known for it, otherwise a record of the call. */
function construct(
  machine: PickleMachine,
  callee: PickleValue,
  args: readonly PickleValue[],
  kwargs?: PickleDict,
): PickleValue {
  const { budget } = machine
  budget.spend(costs.object)
  if (callee instanceof PickleGlobal) {
    const known = kwargs ? undefined : machine.constructors.get(callee.path)?.(args, budget)
    return known === undefined ? new PickleObject(callee, args, kwargs) : known
  }
  if (!(callee instanceof PickleObject)) throw new PickleFault('calls what is no global')
  budget.spend(costs.element * args.length)
  return new PickleObject(callOfValue, [callee, ...args], kwargs)
}

/** Attributes of plain data (as PyTorch sets `_metadata` on an OrderedDict) and of classes are dropped. */
function setState(target: PickleValue, state: PickleValue): void {
  if (target instanceof PickleExtension) target.setState(state)
  else if (target instanceof PickleObject) target.state = state
  else if (target === null || typeof target !== 'object')
    throw new PickleFault('sets the state of what has none')
}

function pushPersistent(machine: PickleMachine, id: PickleValue): void {
  if (!machine.fromPersistentId) {
    const text = 'refers to what is kept outside of it (a persistent id), which only a PyTorch file has'
    throw new PickleFault(text, 'failed_precondition')
  }
  machine.budget.spend(costs.object)
  machine.push(machine.fromPersistentId(id))
}

function refuseExtension(): never {
  const text = "uses Python's extension registry (copyreg.add_extension), which no file tells"
  throw new PickleFault(text, 'failed_precondition')
}
