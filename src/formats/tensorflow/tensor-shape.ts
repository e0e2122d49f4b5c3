import { RecserveError } from '../../core/errors.js'
import type { TensorShapeProto } from './graph.js'

/**
 * Sizes of a shape as the graph declares it, -1 for one that is unknown; undefined where the rank is.
 *
 * @param name the file's base name, for messages
 */
export function toShape(proto: TensorShapeProto | undefined, name: string): readonly number[] | undefined {
  if (proto === undefined || proto.unknownRank) return undefined
  return proto.dims.map(({ size }) => {
    if (typeof size === 'bigint')
      throw new RecserveError('data_loss', `${name}: a shape has the size ${size}`)
    return size < 0 ? -1 : size
  })
}

/** As many dimensions as TensorFlow's own shapes may have. */
const maxRank = 254

/**
 * Sizes of a tensor that exists, and so without unknown ones. A shape that is absent is a scalar's.
 *
 * @param what the tensor, for messages
 */
export function toFullShape(
  proto: TensorShapeProto | undefined,
  name: string,
  what: string,
): readonly number[] {
  const fail = (text: string): never => {
    throw new RecserveError('data_loss', `${name}: ${what} ${text}`)
  }
  const shape = proto === undefined ? [] : (toShape(proto, name) ?? fail('has a shape of unknown rank'))
  if (shape.length > maxRank) fail(`has ${shape.length} dimensions, more than ${maxRank}`)
  if (shape.includes(-1)) fail(`has an unknown size in its shape [${shape}]`)
  // Without the zeros, as TensorFlow checks it: every part of the product must be exact.
  const product = shape.reduce((all, size) => all * Math.max(1, size), 1)
  if (!Number.isSafeInteger(product)) fail(`has too many elements: its shape is [${shape}]`)
  return shape
}
