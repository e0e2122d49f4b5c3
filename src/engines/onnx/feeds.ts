import { RecserveError } from '../../core/errors.js'
import { onnxTypes } from '../../formats/onnx/model.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'
import type { NativeValue } from './runtime.js'

/** TensorProto.DataType by dtype name, of all that can be fed. */
const elementTypes: Readonly<Record<string, number>> = { ...onnxTypes, float16: 10 }

/**
 * Feeds against a graph's inputs, before native code sees them: all there, none too many, right dtypes and shapes, and one
 * size per symbolic dimension.
 * @throws RecserveError `invalid_argument` naming the input.
 */
export function checkFeeds(
  inputs: readonly NativeValue[],
  feeds: NamedTensors,
  isOtherInput: (name: string) => boolean,
): void {
  const sizes = new Map<string, number>()
  for (const input of inputs) {
    const feed = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined
    if (!feed) throw new RecserveError('invalid_argument', `input '${input.name}' is missing`)
    if (!fits(feed, input, sizes)) {
      const found = `${feed.dtype} [${feed.shape}]`
      throw new RecserveError(
        'invalid_argument',
        `input '${input.name}' is ${found}, not ${describe(input, sizes)}`,
      )
    }
  }
  for (const name of Object.keys(feeds)) {
    if (inputs.some((input) => input.name === name) || isOtherInput(name)) continue
    const known = inputs.map((input) => input.name).join(', ')
    throw new RecserveError('invalid_argument', `there is no input '${name}' (inputs: ${known})`)
  }
}

/** Takes the sizes of symbolic dimensions into `sizes` as it meets them. */
function fits(feed: Tensor, input: NativeValue, sizes: Map<string, number>): boolean {
  if (elementTypes[feed.dtype] !== input.type) return false
  // The binding describes a scalar and a value of unknown rank alike.
  if (input.shape.length === 0) return true
  if (feed.shape.length !== input.shape.length) return false
  return feed.shape.every((size, i) => {
    const fixed = input.shape[i]!
    if (fixed >= 0) return size === fixed
    const symbol = input.symbolicDimensions[i]
    if (!symbol) return true
    const known = sizes.get(symbol)
    if (known === undefined) sizes.set(symbol, size)
    return known === undefined || known === size
  })
}

function describe(input: NativeValue, sizes: ReadonlyMap<string, number>): string {
  const dtype =
    Object.entries(elementTypes).find(([, type]) => type === input.type)?.[0] ?? `type ${input.type}`
  const shape = input.shape.map((size, i) => {
    const symbol = input.symbolicDimensions[i]
    return size >= 0 ? size : symbol ? (sizes.get(symbol) ?? symbol) : '?'
  })
  return `${dtype} [${shape}]`
}
