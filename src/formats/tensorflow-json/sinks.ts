import { BoolSink, Float32Sink, Float64Sink } from './float-sinks.js'
import { Int32Sink, Int64Sink, Uint32Sink } from './integer-sinks.js'
import { StringSink } from './string-sink.js'
import { type TensorSink, UnknownSink } from './tensor-sink.js'

/** Where the leaves of a tensor of this dtype (`tf.DType.name`) go. */
export function createSink(dtype: string): TensorSink {
  switch (dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return new Float32Sink(dtype)
    case 'float64':
      return new Float64Sink()
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint8':
    case 'uint16':
      return new Int32Sink(dtype)
    case 'uint32':
      return new Uint32Sink()
    case 'int64':
    case 'uint64':
      return new Int64Sink(dtype)
    case 'bool':
      return new BoolSink()
    case 'string':
      return new StringSink()
    default:
      return new UnknownSink(dtype)
  }
}
