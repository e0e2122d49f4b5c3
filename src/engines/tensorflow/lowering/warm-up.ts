/** First runs that nobody asked for, of zeros: they show dtypes and ranks, so that no request waits for its plan to be lowered. */
import { RecserveError } from '../../../core/errors.js'
import type { DataType } from '../../../tensor/dtype.js'
import { typedArrays } from '../../../tensor/dtype.js'
import { sizeOf } from '../../../tensor/tensor.js'
import type { AnyTensor } from '../op.js'
import type { Signature, SignatureTensor } from '../signature.js'

const maxElements = 2 ** 20
/** Longer than this nobody waits at loading. */
const budgetMs = 500

interface Model {
  readonly signatures: ReadonlyMap<string, Signature>
  writes(signature: string): boolean
  run(
    signature: string,
    inputs: Readonly<Record<string, AnyTensor>>,
    options: { readonly deadline: number },
  ): unknown
}

/** A signature that refuses zeros, or takes strings, is lowered by its first request. */
export function warmUp(model: Model): void {
  for (const [name, { inputs }] of model.signatures) {
    if (!model.writes(name)) warm(model, name, inputs)
  }
}

function warm(model: Pick<Model, 'run'>, name: string, inputs: ReadonlyMap<string, SignatureTensor>): void {
  // Two rows first: a size of 1 is one that a Squeeze takes away.
  for (const size of [2, 1]) {
    const feeds = sampleFeeds(inputs, size)
    if (feeds === undefined) return
    try {
      model.run(name, feeds, { deadline: Date.now() + budgetMs })
      return
    } catch (error) {
      if (!(error instanceof RecserveError)) throw error
    }
  }
}

/** Undefined where an input is of strings, of unknown rank or large. @param size for sizes that are not declared */
function sampleFeeds(
  inputs: ReadonlyMap<string, SignatureTensor>,
  size: number,
): Readonly<Record<string, AnyTensor>> | undefined {
  const feeds: Record<string, AnyTensor> = {}
  for (const [alias, { dtype, shape }] of inputs) {
    if (shape === undefined || !Object.hasOwn(typedArrays, dtype)) return undefined
    const sizes = shape.map((known) => (known < 0 ? size : known))
    const count = sizeOf(sizes)
    if (count > maxElements || count === 0) return undefined
    const numeric = dtype as DataType
    feeds[alias] = { dtype: numeric, shape: sizes, data: new typedArrays[numeric](count) } as AnyTensor
  }
  return feeds
}
