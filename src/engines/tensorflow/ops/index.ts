/** Every op there is, by TensorFlow's name. A family is one file or folder. */
import type { AnyOp, OpTable, StatefulOpTable } from '../op.js'
import { arrayOps } from './array.js'
import { controlOps } from './control.js'
import { lookupOps } from './lookup.js'
import { mathOps } from './math.js'
import { nnOps } from './nn.js'
import { parsingOps } from './parsing.js'
import { raggedOps, raggedStatefulOps } from './ragged.js'
import { randomOps } from './random.js'
import { restoreOps } from './restore.js'
import { scatterOps } from './scatter.js'
import { segmentOps } from './segment.js'
import { sparseOps } from './sparse.js'
import { stringOps } from './string.js'
import { tensorArrayOps } from './tensor-array.js'
import { tensorListOps } from './tensor-list.js'
import { variableOps } from './variables.js'

/** Ops that are functions of their inputs alone. */
export const pureOps: OpTable = {
  ...mathOps,
  ...arrayOps,
  ...segmentOps,
  ...sparseOps,
  ...raggedOps,
  ...nnOps,
  ...stringOps,
  ...parsingOps,
}

const statefulOps: StatefulOpTable = {
  ...controlOps,
  ...variableOps,
  ...scatterOps,
  ...tensorArrayOps,
  ...tensorListOps,
  ...raggedStatefulOps,
  ...lookupOps,
  ...randomOps,
  ...restoreOps,
}

/** A map, so that no op's name meets what every object has. */
export const ops: ReadonlyMap<string, AnyOp> = new Map<string, AnyOp>([
  ...Object.entries(pureOps),
  ...Object.entries(statefulOps),
])
