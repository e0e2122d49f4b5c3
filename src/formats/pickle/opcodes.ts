/** Every opcode of protocols 0 to 5, by its byte (CPython's Lib/pickletools.py). */
import { containerOpcodes } from './container-opcodes.js'
import type { PickleMachine } from './machine.js'
import { objectOpcodes } from './object-opcodes.js'
import { scalarOpcodes } from './scalar-opcodes.js'
import { PickleFault } from './value.js'

export interface Opcode {
  readonly name: string
  readonly run: (machine: PickleMachine) => void
}

/** By name: the byte, and what it does. */
export type OpcodeTable = Readonly<Record<string, readonly [number, (machine: PickleMachine) => void]>>

const highestProtocol = 5

const controlOpcodes: OpcodeTable = {
  PROTO: [
    0x80,
    (machine) => {
      const protocol = machine.uint8()
      if (protocol > highestProtocol) {
        const text = `is a pickle of protocol ${protocol}; 0 to ${highestProtocol} can be read`
        throw new PickleFault(text, 'failed_precondition')
      }
    },
  ],
  // A frame says that so many bytes follow; nothing else depends on it.
  FRAME: [
    0x95,
    (machine) => {
      const length = machine.uint64()
      machine.take(length)
      machine.at -= length
    },
  ],
  STOP: [
    0x2e,
    (machine) => {
      machine.isStopped = true
    },
  ],
  MARK: [0x28, (machine) => machine.mark()],
  POP: [0x30, (machine) => void (machine.isAtMark ? machine.popMark() : machine.pop())],
  POP_MARK: [0x31, (machine) => void machine.popMark()],
  DUP: [0x32, (machine) => machine.push(machine.peek())],
  GET: [0x67, (machine) => machine.push(machine.recall(toIndex(machine.line())))],
  BINGET: [0x68, (machine) => machine.push(machine.recall(machine.uint8()))],
  LONG_BINGET: [0x6a, (machine) => machine.push(machine.recall(machine.uint32()))],
  PUT: [0x70, (machine) => machine.remember(toIndex(machine.line()), machine.peek())],
  BINPUT: [0x71, (machine) => machine.remember(machine.uint8(), machine.peek())],
  LONG_BINPUT: [0x72, (machine) => machine.remember(machine.uint32(), machine.peek())],
  MEMOIZE: [0x94, (machine) => machine.remember(machine.memoSize, machine.peek())],
}

function toIndex(line: Buffer): number {
  return /^\d{1,15}$/.test(line.toString('latin1', 0, 16)) ? Number(line.toString('latin1')) : Number.NaN
}

/** Opcode by byte; undefined where there is none. */
export const opcodes: readonly (Opcode | undefined)[] = toTable([
  controlOpcodes,
  scalarOpcodes,
  containerOpcodes,
  objectOpcodes,
])

function toTable(groups: readonly OpcodeTable[]): readonly (Opcode | undefined)[] {
  const table = new Array<Opcode | undefined>(256).fill(undefined)
  for (const group of groups) {
    for (const [name, [byte, run]] of Object.entries(group)) table[byte] = { name, run }
  }
  return table
}
