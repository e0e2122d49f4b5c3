/** Substr. */
import { planBroadcast } from '../../../../tensor/broadcast.js'
import { stringAt } from '../../../../tensor/strings.js'
import type { Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { inputAt, invalid, sameShape, shapeText, toIntegers } from '../array/arguments.js'
import { elementWork, latin1Of, stringsAt } from './arguments.js'
import { StringsBuilder } from './strings-builder.js'
import { unitOf } from './text.js'
import { backward, forward } from './utf8.js'

/** A part of the text; undefined where the position lies outside of it. */
type Cut = (text: Uint8Array, position: number, length: number) => Uint8Array | undefined

const substr: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const [positions, lengths] = [inputAt(inputs, 1), inputAt(inputs, 2)]
  if (!sameShape(positions.shape, lengths.shape)) {
    throw invalid(
      `pos and len should have the same shape, got: ${shapeText(positions.shape)} vs. ${shapeText(lengths.shape)}`,
    )
  }
  const isBytes = unitOf(attrs) === 'BYTE'
  const cut = isBytes ? cutBytes : cutCharacters
  const [starts, sizes] = [toIntegers(positions), toIntegers(lengths)]
  const plan = planBroadcast(shape, positions.shape)
  claimPlaces(plan.size)
  const out = new StringsBuilder({ elements: plan.size })
  for (let r = 0; r < plan.rows; r++) {
    for (let k = 0; k < plan.width; k++) {
      const text = stringAt(data, plan.aStarts[r]! + k * plan.aStep)
      const b = plan.bStarts[r]! + k * plan.bStep
      spend(elementWork + (isBytes ? 0 : text.length))
      const part = cut(text, starts[b]!, sizes[b]!)
      if (part === undefined) throw outside(starts[b]!, isBytes ? text : undefined, out.count)
      out.add(part)
    }
  }
  return [out.finish(plan.shape)]
}

function outside(position: number, text: Uint8Array | undefined, index: number): Error {
  const which = text ? `string b'${latin1Of(text)}'` : 'string'
  return invalid(`pos ${position} out of range for ${which} at index ${index}`)
}

const cutBytes: Cut = (text, position, length) => {
  const start = position < 0 ? position + text.length : position
  if (start < 0 || start > text.length) return undefined
  // A negative length is a huge one.
  return length < 0 ? text.subarray(start) : text.subarray(start, Math.min(start + length, text.length))
}

const cutCharacters: Cut = (text, position, length) => {
  if (position < 0) return cutFromEnd(text, -position, length)
  const start = forward(text, 0, position)
  if (start.moved < position) return undefined
  return text.subarray(start.at, forward(text, start.at, length).at)
}

/** @param back how many characters before the end the part begins */
function cutFromEnd(text: Uint8Array, back: number, length: number): Uint8Array | undefined {
  const behind = Math.max(back - length, 0)
  const end = backward(text, text.length, behind)
  const start = backward(text, end.at, back - behind)
  const isInside = end.moved === behind && start.moved === back - behind
  return isInside ? text.subarray(start.at, end.at) : undefined
}

export const substrOps: OpTable = { Substr: { kernel: substr } }
