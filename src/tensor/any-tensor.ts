import type { NumericType } from './dtype.js'
import type { StringTensor } from './strings.js'
import type { Tensor } from './tensor.js'

/** A tensor of numbers or of byte strings: what graphs take and give. */
export type AnyTensor = Tensor<NumericType> | StringTensor

export type NamedAnyTensors = Readonly<Record<string, AnyTensor>>
