import { Variable } from '../variable.js'
import type { Known, Shape } from './fact.js'
import { literal } from './size.js'

/** The shape that a variable has whatever is assigned to it; undefined for what is no handle of one, and where it may change. */
export function variableShape(handle: Known): Shape | undefined {
  const value = handle?.depends === 'nothing' ? handle.value : undefined
  if (value?.dtype !== 'resource' || !(value.target instanceof Variable)) return undefined
  const { shape } = value.target
  return shape?.every((size) => size >= 0) ? shape.map(literal) : undefined
}
