/** What kernels make counts: for every recorded case the bytes of the answer were claimed before, unless they are an input's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyTensor } from '../../src/engines/tensorflow/op.js'
import { pureOps } from '../../src/engines/tensorflow/ops/index.js'
import { RunLimits, runWithin } from '../../src/engines/tensorflow/run-limits.js'
import { skipWithoutFixtures } from '../project.js'
import { type OpCase, opFamilies, readOpCases, toAnyTensor, toAttributes } from './op-cases.js'

/** Of constants in the graph, and of means of a few channels. */
const smallBytes = 32

class CountedClaims extends RunLimits {
  bytes = 0

  override claim(bytes: number): void {
    this.bytes += bytes
  }
}

const bytesOf = ({ data }: AnyTensor) => ('offsets' in data ? data.bytes : data)

/** Bytes that an answer takes and nobody claimed; undefined where the op is refused. */
function unclaimed({ op, inputs: recorded, attrs }: OpCase): number | undefined {
  const inputs = recorded.map(toAnyTensor)
  const context = { node: 'case', op, attrs: toAttributes(attrs) }
  const limits = new CountedClaims({ checkDeadline: () => {} })
  try {
    const answers = runWithin(limits, () => pureOps[op]!.kernel(inputs, context))
    const shared = new Set(inputs.map((input) => bytesOf(input).buffer))
    const made = answers.map(bytesOf).filter(({ buffer }) => !shared.has(buffer))
    return made.reduce((sum, { byteLength }) => sum + byteLength, 0) - limits.bytes
  } catch {
    return undefined
  }
}

test('kernels claim the memory of their answers', { skip: skipWithoutFixtures() }, () => {
  let checked = 0
  for (const { cases } of opFamilies().map(readOpCases)) {
    for (const each of cases.filter(({ op }) => Object.hasOwn(pureOps, op))) {
      const bytes = unclaimed(each)
      if (bytes === undefined) continue
      assert.ok(bytes <= smallBytes, `${each.op}: ${bytes} bytes are not claimed`)
      checked++
    }
  }
  assert.ok(checked > 1000, `${checked} cases`)
})
