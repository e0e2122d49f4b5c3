import { libserving } from './libserving/index.js'
import { native } from './native/index.js'
import { operations } from './operations/index.js'
import type { Protocol } from './protocol.js'
import { recbole } from './recbole/index.js'
import { tensorflowRest } from './tensorflow-rest/index.js'

export const protocols = [
  operations,
  native,
  libserving,
  recbole,
  tensorflowRest,
] as const satisfies readonly Protocol[]
