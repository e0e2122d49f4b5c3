/**
 * What the rules say of ops, on every recorded case: with inputs along any of their axes taken for rows, those that a rule
 * calls apart are computed one by one and together.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { pureOps } from '../../src/engines/tensorflow/ops/index.js'
import { toFact } from '../../src/engines/tensorflow/row-wise/analysis.js'
import { type Fact, rows } from '../../src/engines/tensorflow/row-wise/fact.js'
import { rules } from '../../src/engines/tensorflow/row-wise/rules.js'
import {
  literal,
  literalOf,
  rowCount,
  rowDegree,
  type Size,
  unknown,
} from '../../src/engines/tensorflow/row-wise/size.js'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'
import { tensor } from '../../src/tensor/tensor.js'
import { skipWithoutFixtures } from '../project.js'
import { type OpCase, opFamilies, readOpCases, toAnyTensor, toAttributes } from './op-cases.js'
import { differenceOf } from './row-difference.js'

const skip = skipWithoutFixtures()

/** Which axis of each input has the rows; undefined for an input that is the same for all of them. */
type RowAxes = readonly (number | undefined)[]

/** How sizes that are not the rows' are told to the rules: as they are, or as symbols that equal sizes may share. */
const tellings: Readonly<Record<string, (size: number, place: string) => Size>> = {
  numbers: literal,
  symbols: (_, place) => unknown(place),
  'shared symbols': (size) => unknown(`of ${size}`),
}

/** Every way to take axes of one size for rows, of up to three inputs. */
function* rowAxes(inputs: readonly AnyTensor[], from = 0, count?: number): Generator<RowAxes> {
  if (from === inputs.length) {
    yield []
    return
  }
  const axes =
    from < 3
      ? inputs[from]!.shape.flatMap((size, d) => (size > 0 && size === (count ?? size) ? [d] : []))
      : []
  for (const axis of [undefined, ...axes]) {
    const next = axis === undefined ? count : inputs[from]!.shape[axis]
    for (const rest of rowAxes(inputs, from + 1, next)) yield [axis, ...rest]
  }
}

/** Entries of an axis, by recserve's own kernel. */
function take(from: AnyTensor, axis: number, picked: readonly number[]): AnyTensor {
  const indices = tensor('int32', [picked.length], Int32Array.from(picked))
  const context = { node: 'take', op: 'GatherV2', attrs: toAttributes({}), checkDeadline: () => {} }
  return pureOps.GatherV2!.kernel([from, indices, tensor('int32', [], Int32Array.of(axis))], context)[0]!
}

class RuleCheck {
  readonly #case: OpCase
  readonly #inputs: readonly AnyTensor[]
  /** Claims that were put to the test. */
  claims = 0

  constructor(recorded: OpCase) {
    this.#case = recorded
    this.#inputs = recorded.inputs.map(toAnyTensor)
  }

  *faults(): Generator<string> {
    for (const axes of rowAxes(this.#inputs)) {
      if (axes.every((axis) => axis === undefined)) continue
      for (const [telling, tell] of Object.entries(tellings)) {
        const facts = this.#claim(axes, tell)
        const fault = facts && this.#check(axes, facts)
        if (fault)
          yield `${this.#case.op} ${JSON.stringify(this.#case.attrs)} rows ${JSON.stringify(axes)}, ${telling}: ${fault}`
      }
    }
  }

  #claim(axes: RowAxes, tell: (size: number, place: string) => Size): readonly Fact[] | undefined {
    let unknowns = 0
    const facts = this.#inputs.map((input, i): Fact => {
      const axis = axes[i]
      if (axis === undefined) return toFact(input)
      return rows(input.shape.map((size, d) => (d === axis ? rowCount : tell(size, `${i} ${d}`))))!
    })
    const fresh = () => unknown(`fresh ${++unknowns}`)
    try {
      const found = rules.get(this.#case.op)!(facts, {
        op: this.#case.op,
        attrs: toAttributes(this.#case.attrs),
        fresh,
      })
      return found === undefined || Array.isArray(found)
        ? (found as readonly Fact[] | undefined)
        : [found as Fact]
    } catch (error) {
      if (error instanceof RecserveError) return undefined
      throw error
    }
  }

  #run(axes: RowAxes, picked: readonly number[]): readonly AnyTensor[] | undefined {
    const inputs = this.#inputs.map((input, i) =>
      axes[i] === undefined ? input : take(input, axes[i], picked),
    )
    const context = {
      node: 'case',
      op: this.#case.op,
      attrs: toAttributes(this.#case.attrs),
      checkDeadline: () => {},
    }
    try {
      return pureOps[this.#case.op]!.kernel(inputs, context)
    } catch (error) {
      if (error instanceof RecserveError) return undefined
      throw error
    }
  }

  #check(axes: RowAxes, facts: readonly Fact[]): string | undefined {
    const first = axes.findIndex((axis) => axis !== undefined)
    const count = this.#inputs[first]!.shape[axes[first]!]!
    const lone = Array.from({ length: count }, (_, row) => this.#run(axes, [row]))
    const picked = [...lone.keys()].reverse().concat(0, 0, count - 1)
    const together = this.#run(axes, picked)
    // What fails together is asked again alone; what fails alone must not pass together.
    if (together === undefined) return undefined
    if (lone.includes(undefined)) return 'a row that fails alone passes together'
    this.claims += 1
    for (const [output, fact] of facts.entries()) {
      if (together[output] === undefined) continue
      const parts = picked.map((row) => lone[row]![output]!)
      const fault = faultOf(fact, { joined: together[output], parts, rows: picked.length })
      if (fault) return `output ${output}: ${fault}`
    }
    return undefined
  }
}

interface Found {
  readonly joined: AnyTensor
  /** The same row for row. */
  readonly parts: readonly AnyTensor[]
  readonly rows: number
}

function faultOf(fact: Fact, { joined, parts, rows: count }: Found): string | undefined {
  const numberOf = (size: Size) =>
    rowDegree(size) === 1 && size.symbols.length === 1 ? size.factor * count : literalOf(size)
  const wrong = fact.shape?.findIndex(
    (size, d) => numberOf(size) !== undefined && numberOf(size) !== joined.shape[d],
  )
  if (fact.shape && (fact.shape.length !== joined.shape.length || wrong! >= 0))
    return `shape [${joined.shape}]`
  if (fact.depends === 'nothing') return parts.map((part) => differenceOf(joined, part)).find(Boolean)
  if (fact.depends === 'count') {
    const values = Array.from(joined.data as ArrayLike<number | bigint>, Number)
    const at = fact.elements.findIndex(
      (size, i) => numberOf(size) !== undefined && numberOf(size) !== values[i],
    )
    return at < 0 ? undefined : `element ${at} is ${values[at]}`
  }
  const block = joined.shape[fact.axis]! / count
  return parts
    .map((part, i) => {
      const picked = Array.from({ length: block }, (_, j) => i * block + j)
      return differenceOf(take(joined, fact.axis, picked), part)
    })
    .find(Boolean)
}

describe('the rules of row-wise ops hold on recorded cases', { skip }, () => {
  const tested = new Map<string, number>()
  for (const family of skip ? [] : opFamilies()) {
    test(family, () => {
      const faults: string[] = []
      for (const recorded of readOpCases(family).cases) {
        if (recorded.error || !rules.has(recorded.op) || !pureOps[recorded.op]) continue
        const check = new RuleCheck(recorded)
        faults.push(...check.faults())
        tested.set(recorded.op, (tested.get(recorded.op) ?? 0) + check.claims)
      }
      assert.deepEqual(faults.slice(0, 10), [])
    })
  }
  test('in all', () => {
    const claims = [...tested.values()].reduce((sum, count) => sum + count, 0)
    const untested = [...rules.keys()].filter((op) => !tested.get(op))
    console.log(`${claims} claims about ${tested.size} ops tested; none about ${untested.join(', ')}`)
    assert.ok(claims > 1000)
  })
})
