/** Opcodes that push one number, string or run of bytes. */
import { costs } from './budget.js'
import type { PickleMachine } from './machine.js'
import { toNumber } from './numpy-array.js'
import { decodeStringLiteral, decodeUnicodeEscapes } from './text.js'
import { PickleFault } from './value.js'

/** Longer integers are refused: Python itself converts no more digits (sys.int_info.default_max_str_digits). */
const maxDigits = 4300
const maxIntegerBytes = 1785

export const scalarOpcodes = {
  NONE: [0x4e, (machine: PickleMachine) => machine.push(null)],
  NEWTRUE: [0x88, (machine: PickleMachine) => machine.push(true)],
  NEWFALSE: [0x89, (machine: PickleMachine) => machine.push(false)],
  INT: [0x49, pushInt],
  LONG: [0x4c, (machine: PickleMachine) => machine.push(toInteger(machine.line()))],
  LONG1: [0x8a, (machine: PickleMachine) => pushLong(machine, machine.uint8())],
  LONG4: [0x8b, (machine: PickleMachine) => pushLong(machine, machine.uint32())],
  BININT: [0x4a, (machine: PickleMachine) => machine.push(machine.view.getInt32(machine.take(4), true))],
  BININT1: [0x4b, (machine: PickleMachine) => machine.push(machine.uint8())],
  BININT2: [0x4d, (machine: PickleMachine) => machine.push(machine.view.getUint16(machine.take(2), true))],
  FLOAT: [0x46, (machine: PickleMachine) => machine.push(toFloat(machine.line()))],
  BINFLOAT: [0x47, (machine: PickleMachine) => machine.push(machine.view.getFloat64(machine.take(8)))],
  STRING: [0x53, (machine: PickleMachine) => machine.push(decodeStringLiteral(machine.line()))],
  BINSTRING: [0x54, (machine: PickleMachine) => pushByteText(machine, machine.uint32())],
  SHORT_BINSTRING: [0x55, (machine: PickleMachine) => pushByteText(machine, machine.uint8())],
  UNICODE: [0x56, (machine: PickleMachine) => machine.push(decodeUnicodeEscapes(machine.line()))],
  SHORT_BINUNICODE: [0x8c, (machine: PickleMachine) => machine.push(machine.text(machine.uint8()))],
  BINUNICODE: [0x58, (machine: PickleMachine) => machine.push(machine.text(machine.uint32()))],
  BINUNICODE8: [0x8d, (machine: PickleMachine) => machine.push(machine.text(machine.uint64()))],
  SHORT_BINBYTES: [0x43, (machine: PickleMachine) => pushBytes(machine, machine.uint8())],
  BINBYTES: [0x42, (machine: PickleMachine) => pushBytes(machine, machine.uint32())],
  BINBYTES8: [0x8e, (machine: PickleMachine) => pushBytes(machine, machine.uint64())],
  BYTEARRAY8: [0x96, (machine: PickleMachine) => pushBytes(machine, machine.uint64())],
  NEXT_BUFFER: [0x97, refuseBuffer],
  READONLY_BUFFER: [0x98, refuseBuffer],
} as const

/** Integers as text; `00` and `01` are the booleans of protocol 0. */
function pushInt(machine: PickleMachine): void {
  const line = machine.line()
  const text = line.toString('latin1', 0, 3)
  if (text === '00' || text === '01') machine.push(text === '01')
  else machine.push(toInteger(line))
}

function toInteger(line: Buffer): number | bigint {
  const text = line.toString('latin1', 0, maxDigits + 3)
  const [, sign, digits] = /^\s*([+-]?)(\d+)L?\s*$/.exec(text) ?? []
  if (digits === undefined || digits.length > maxDigits)
    throw new PickleFault(`has ${JSON.stringify(text.slice(0, 20))} where an integer is due`)
  return toNumber(sign === '-' ? -BigInt(digits) : BigInt(digits))
}

/** Two's complement, little-endian. */
function pushLong(machine: PickleMachine, length: number): void {
  if (length > maxIntegerBytes)
    throw new PickleFault(`has an integer of ${length} bytes, more than ${maxIntegerBytes}`)
  const hex = Buffer.from(machine.slice(length)).reverse().toString('hex')
  machine.budget.spend(costs.text + length)
  machine.push(length === 0 ? 0 : toNumber(BigInt.asIntN(8 * length, BigInt(`0x${hex}`))))
}

function toFloat(line: Buffer): number {
  const text = line.toString('latin1', 0, 400).trim()
  const named = { inf: Infinity, '+inf': Infinity, '-inf': -Infinity, nan: Number.NaN, '-nan': Number.NaN }
  const value = Object.entries(named).find(([name]) => name === text)?.[1] ?? Number(text)
  if (text === '' || (Number.isNaN(value) && !text.endsWith('nan')))
    throw new PickleFault(`has ${JSON.stringify(text.slice(0, 20))} where a float is due`)
  return value
}

/** Python 2's `str`: characters of one byte each, since it may be text or an array's bytes. */
function pushByteText(machine: PickleMachine, length: number): void {
  const bytes = machine.slice(length)
  machine.spendText(length)
  machine.push(bytes.toString('latin1'))
}

function pushBytes(machine: PickleMachine, length: number): void {
  const bytes = machine.slice(length)
  machine.budget.spend(costs.object)
  machine.push(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
}

function refuseBuffer(): never {
  const text = 'keeps its buffers outside of the file; write it without buffer_callback'
  throw new PickleFault(text, 'failed_precondition')
}
