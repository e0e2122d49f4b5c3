/** Control flow of TensorFlow 1, and ops that are there for what they do. Functions, If, Case, While: step.ts. */
import { RecserveError } from '../../../core/errors.js'
import { sizeOf, tensor } from '../../../tensor/tensor.js'
import { dead } from '../dead.js'
import type { StatefulKernel, StatefulOpTable, Value } from '../op.js'
import { isTrue } from '../step.js'
import { summarize } from './summary.js'

const passFirst: StatefulKernel = (inputs) => [inputs[0]!]

const takeSide: StatefulKernel = ([value, condition]) => (isTrue(condition) ? [dead, value!] : [value!, dead])

const takeOne: StatefulKernel = ([value, index], { attrs }) => {
  const count = attrs.int('num_outs')
  const wanted = Number((index as { readonly data?: ArrayLike<number> }).data?.[0])
  const side = wanted >= 0 && wanted < count ? wanted : count - 1
  return Array.from({ length: count }, (_, i): Value => (i === side ? value! : dead))
}

const merge: StatefulKernel = (inputs) => {
  const index = inputs.findIndex((input) => input !== dead)
  if (index < 0) return [dead, dead]
  return [inputs[index]!, tensor('int32', [], Int32Array.of(index))]
}

const assertTrue: StatefulKernel = ([condition, ...data], { attrs }) => {
  if (condition === undefined || sizeOf(condition.shape) !== 1) {
    throw new RecserveError('invalid_argument', 'In[0] should be a scalar')
  }
  if (isTrue(condition)) return []
  const count = attrs.int('summarize', 3)
  throw new RecserveError(
    'invalid_argument',
    `assertion failed: ${data.map((value) => `[${summarize(value, count)}]`).join(' ')}`,
  )
}

const ref = { refs: [0], givesRef: true } as const

export const controlOps: StatefulOpTable = {
  Switch: { stateful: takeSide },
  RefSwitch: { stateful: takeSide, ...ref },
  _SwitchN: { stateful: takeOne },
  Merge: { stateful: merge },
  RefMerge: { stateful: merge, refs: Array.from({ length: 64 }, (_, i) => i), givesRef: true },
  Enter: { stateful: passFirst },
  RefEnter: { stateful: passFirst, ...ref },
  Exit: { stateful: passFirst },
  RefExit: { stateful: passFirst, ...ref },
  NextIteration: { stateful: passFirst },
  RefNextIteration: { stateful: passFirst, ...ref },
  RefIdentity: { stateful: passFirst, ...ref },
  LoopCond: { stateful: passFirst },
  ControlTrigger: { stateful: () => [] },
  Assert: { stateful: assertTrue, effect: 'report' },
  // A server prints nothing that a graph tells it to.
  Print: { stateful: passFirst },
  PrintV2: { stateful: () => [] },
}
