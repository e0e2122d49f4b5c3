/** ParseTensor and SerializeTensor: TensorProtos as strings. */
import { RecserveError } from '../../../../core/errors.js'
import { decodeMessage } from '../../../../formats/tensorflow/decode-message.js'
import type { TensorProto } from '../../../../formats/tensorflow/graph.js'
import { tensorType } from '../../../../formats/tensorflow/graph-types.js'
import { toTensor } from '../../../../formats/tensorflow/tensor-proto.js'
import { encodeTensorProto } from '../../../../formats/tensorflow/tensor-proto-writer.js'
import { toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimTensor, claimValues, spend } from '../../run-limits.js'
import { inputAt, invalid } from '../array/arguments.js'
import { byteCount, scalarAt } from '../string/arguments.js'

const place = { name: 'the serialized tensor', what: 'it' }

const parseTensor: Kernel = (inputs, { attrs }) => {
  const bytes = scalarAt(inputs, 0, 'serialized')
  const dtype = attrs.type('out_type')
  spend(bytes.length)
  const proto = parsed(() => decodeMessage(tensorType, bytes, place.name)) as TensorProto
  if (proto.dtype !== dtype) {
    throw invalid(
      `Type mismatch between parsed tensor (${shownType(proto.dtype)}) and dtype (${shownType(dtype)})`,
    )
  }
  const made = parsed(() => toTensor(proto, place))
  claimValues([made])
  return [made]
}

/** TensorFlow's own name of a dtype (DataTypeString). */
function shownType(dtype: string): string {
  return { float32: 'float', float64: 'double', float16: 'half' }[dtype] ?? dtype
}

/** Broken bytes are a bad argument here: they come with the request. */
function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (thrown) {
    if (!(thrown instanceof RecserveError) || thrown.code !== 'data_loss') throw thrown
    throw new RecserveError('invalid_argument', `Could not parse tensor proto: ${thrown.message}`, {
      cause: thrown,
    })
  }
}

const serializeTensor: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const bytes = sizeInBytes(input)
  // Once while it is written, once as the result.
  claimTensor('string', [], 2 * bytes)
  spend(bytes)
  return [{ dtype: 'string', shape: [], data: toStrings([encodeTensorProto(input)]) }]
}

/** With room for a tag and a length for each string. */
function sizeInBytes({ data }: AnyTensor): number {
  return 'offsets' in data ? byteCount(data) + 6 * data.length : data.byteLength
}

export const serializedTensorOps: OpTable = {
  ParseTensor: { kernel: parseTensor },
  SerializeTensor: { kernel: serializeTensor },
}
