import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Part, partition } from './partition.js'

interface Named extends Part {
  readonly name: string
}

/** `name: inputs > outputs`; a capital is lowered, a name with ! is not pure. */
function step(text: string): Named {
  const [name = '', inputs = '', outputs = ''] = text.split(/[:>]/).map((part) => part.trim())
  const slots = (list: string) => list.split(' ').filter(Boolean).map(Number)
  return {
    name,
    inputs: slots(inputs),
    outputs: slots(outputs),
    checks: [],
    isPure: !name.endsWith('!'),
    isLowered: /^[A-Z]/.test(name),
  }
}

const shown = (...steps: string[]) =>
  partition(steps.map(step)).map(({ kind, steps: own }) => `${kind} ${own.map(({ name }) => name).join('')}`)

test('what a kernel does not part is one piece', () => {
  assert.deepEqual(shown('A: 0 > 1', 'B: 1 > 2', 'C: 0 > 3', 'D: 2 3 > 4'), ['piece ABCD'])
})

test('a kernel between two steps parts them, and what it does not read goes with the first', () => {
  assert.deepEqual(shown('A: 0 > 1', 'h: 1 > 2', 'B: 2 1 > 3', 'C: 0 > 4'), ['piece AC', 'host h', 'piece B'])
})

test('kernels that feed a piece come before it', () => {
  assert.deepEqual(shown('A: 0 > 1', 'h: 0 > 2', 'B: 1 2 > 3'), ['host h', 'piece AB'])
})

test('steps that are not pure keep their order, though only the first reads a piece', () => {
  assert.deepEqual(shown('A: 0 > 1', 'w!: 1 >', 'r!: 0 > 2'), ['piece A', 'host w!', 'host r!'])
})
