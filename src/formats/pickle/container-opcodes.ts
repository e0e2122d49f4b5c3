/** Opcodes that build lists, tuples, dicts and sets. */
import { costs } from './budget.js'
import type { PickleMachine } from './machine.js'
import { PickleFault, PickleObject, type PickleValue } from './value.js'

export const containerOpcodes = {
  EMPTY_LIST: [0x5d, pushEmptyArray],
  EMPTY_TUPLE: [0x29, pushEmptyArray],
  LIST: [0x6c, (machine: PickleMachine) => machine.push(machine.popMark())],
  TUPLE: [0x74, (machine: PickleMachine) => machine.push(machine.popMark())],
  TUPLE1: [0x85, (machine: PickleMachine) => pushTuple(machine, 1)],
  TUPLE2: [0x86, (machine: PickleMachine) => pushTuple(machine, 2)],
  TUPLE3: [0x87, (machine: PickleMachine) => pushTuple(machine, 3)],
  APPEND: [
    0x61,
    (machine: PickleMachine) => {
      const value = machine.pop()
      append(machine, machine.peek(), [value])
    },
  ],
  APPENDS: [
    0x65,
    (machine: PickleMachine) => {
      const values = machine.popMark()
      append(machine, machine.peek(), values)
    },
  ],
  EMPTY_DICT: [
    0x7d,
    (machine: PickleMachine) => {
      machine.budget.spend(costs.map)
      machine.push(new Map())
    },
  ],
  DICT: [
    0x64,
    (machine: PickleMachine) => {
      const values = machine.popMark()
      const dict = new Map<PickleValue, PickleValue>()
      machine.budget.spend(costs.map)
      setItems(machine, dict, values)
      machine.push(dict)
    },
  ],
  SETITEM: [
    0x73,
    (machine: PickleMachine) => {
      const value = machine.pop()
      const key = machine.pop()
      setItems(machine, machine.peek(), [key, value])
    },
  ],
  SETITEMS: [
    0x75,
    (machine: PickleMachine) => {
      const values = machine.popMark()
      setItems(machine, machine.peek(), values)
    },
  ],
  EMPTY_SET: [
    0x8f,
    (machine: PickleMachine) => {
      machine.budget.spend(costs.map)
      machine.push(new Set())
    },
  ],
  ADDITEMS: [
    0x90,
    (machine: PickleMachine) => {
      const values = machine.popMark()
      const set = machine.peek()
      if (!(set instanceof Set)) throw new PickleFault('adds to what is no set')
      machine.budget.spendEntries(set.size, values.length)
      for (const value of values) set.add(value)
    },
  ],
  FROZENSET: [
    0x91,
    (machine: PickleMachine) => {
      const values = machine.popMark()
      machine.budget.spend(costs.map)
      machine.budget.spendEntries(0, values.length)
      machine.push(new Set(values))
    },
  ],
} as const

function pushEmptyArray(machine: PickleMachine): void {
  machine.budget.spend(costs.array)
  machine.push([])
}

function pushTuple(machine: PickleMachine, length: number): void {
  const values = new Array<PickleValue>(length)
  for (let i = length - 1; i >= 0; i--) values[i] = machine.pop()
  machine.budget.spend(costs.array + costs.element * length)
  machine.push(values)
}

/** A list's elements, or those of an object whose class is a list's. */
function append(machine: PickleMachine, target: PickleValue, values: readonly PickleValue[]): void {
  const items = target instanceof PickleObject ? target.items : target
  if (!Array.isArray(items)) throw new PickleFault('appends to what is no list')
  machine.budget.spendElements(items.length, values.length)
  for (const value of values) items.push(value)
}

/** @param values keys and values in turn */
function setItems(machine: PickleMachine, target: PickleValue, values: readonly PickleValue[]): void {
  const entries = target instanceof PickleObject ? target.entries : target
  if (!(entries instanceof Map)) throw new PickleFault('sets an item of what is no dict')
  if (values.length % 2 !== 0) throw new PickleFault('has a key without a value')
  machine.budget.spendEntries(entries.size, values.length / 2)
  for (let i = 0; i < values.length; i += 2) entries.set(values[i]!, values[i + 1]!)
}
