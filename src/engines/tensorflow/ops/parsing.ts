/** Ops that read serialized messages; the kinds are in parsing/. */
import type { OpTable } from '../op.js'
import { exampleOps } from './parsing/example-ops.js'
import { jsonExampleOps } from './parsing/json-example.js'
import { sequenceOps } from './parsing/sequence-ops.js'
import { serializedTensorOps } from './parsing/serialized-tensor.js'

export const parsingOps: OpTable = {
  ...exampleOps,
  ...sequenceOps,
  ...jsonExampleOps,
  ...serializedTensorOps,
}
