/** What an architecture is built of, without a checkpoint: settings as given, weights of whatever shape it asks for. */
import type { ArchitectureContext, Settings, Weights } from '../src/models/recbole/architecture.js'
import { createSettings } from '../src/models/recbole/settings.js'
import { sizeOf, tensor } from '../src/tensor/tensor.js'

type Value = number | boolean | string | readonly (number | string)[]

export interface RandomContext {
  readonly settings: Readonly<Record<string, Value>>
  readonly itemCount: number
  readonly maxLength: number
  readonly corrected?: boolean
}

export function randomContext({ settings, ...sizes }: RandomContext): ArchitectureContext {
  return {
    userCount: 4,
    ...sizes,
    weights: randomWeights(),
    settings: toSettings(settings),
    itemFeatures: () => [],
    userFeatures: () => [],
    relationVectors: () => ({ rows: 0, columns: 0, values: new Float32Array() }),
  }
}

const toSettings = (values: RandomContext['settings']): Settings =>
  createSettings(new Map(Object.entries(values)))

/** Numbers from −0.5 to 0.5 that are the same in every run (a linear congruential generator); 8 where any size will do. */
function randomWeights(): Weights {
  let state = 1
  const next = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 31 - 0.5
  }
  return {
    has: () => true,
    get(_name, shape = [8]) {
      const sizes = shape.map((size) => (size === -1 ? 8 : size))
      return tensor('float32', sizes, Float32Array.from({ length: sizeOf(sizes) }, next))
    },
  }
}
