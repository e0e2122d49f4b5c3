/** How the weights of a piece reach ONNX Runtime: with as few copies as their size and use allow. */
import type { ExternalTensor, OnnxNode } from '../../../formats/onnx/model.js'
import { typedArrays } from '../../../tensor/dtype.js'
import { type NamedTensors, sizeOf, type Tensor } from '../../../tensor/tensor.js'
import { MappedTensor } from '../mapped-tensor.js'

export interface PieceWeights {
  /** Fed with every run as they are: no copy. */
  readonly tables: readonly { readonly name: string; readonly value: Tensor }[]
  /** By name, those that are copied into the model. */
  readonly initialisers: NamedTensors
  /** By name, where those lie that are not. */
  readonly external: Readonly<Record<string, ExternalTensor>>
  /** What the runtime is handed beside the model, by location. */
  readonly inMemory: readonly { readonly path: string; readonly data: Uint8Array }[]
  /** Weights that the runtime maps from files in `folder`. */
  readonly mapped: readonly MappedTensor[]
  readonly folder: string | undefined
}

/** A constant larger than this is not copied where that can be helped. */
const maxCopiedBytes = 2 ** 20
/**
 * What is multiplied the runtime packs once, in a copy, and is then up to 3 times as fast for 2 to 16 rows; opening it takes
 * three times its size for a moment. Larger weights are fed instead, unpacked (docs/performance.md).
 */
const maxPackedBytes = 2 ** 26

const products: ReadonlySet<string> = new Set(['Gemm', 'MatMul'])

type Named = readonly [name: string, value: Tensor]

/** @param nodes that read them */
export function placeWeights(values: readonly Named[], nodes: readonly OnnxNode[]): PieceWeights {
  const tables: { name: string; value: Tensor }[] = []
  const initialisers: Record<string, Tensor> = {}
  const external: Record<string, ExternalTensor> = {}
  const inMemory: { path: string; data: Uint8Array }[] = []
  const mapped: MappedTensor[] = []
  let folder: string | undefined
  for (const [name, value] of values) {
    const place = value instanceof MappedTensor ? mappable(value, folder) : undefined
    if (place && value instanceof MappedTensor) {
      folder = place.directory
      mapped.push(value)
      external[name] = toExternal(value, place.file, place.offset)
    } else if (isFed(name, value, nodes)) tables.push({ name, value })
    else if (bytesOf(value) <= maxCopiedBytes) initialisers[name] = value
    else {
      // No file's name has a slash in it.
      const path = `memory/${name}`
      const { buffer, byteOffset, byteLength } = value.data
      inMemory.push({ path, data: new Uint8Array(buffer, byteOffset, byteLength) })
      external[name] = toExternal(value, path, 0)
    }
  }
  return { tables, initialisers, external, inMemory, mapped, folder }
}

/** A session has one folder. Of a location that begins with `*` the runtime takes the rest for an address in its own memory. */
function mappable(value: MappedTensor, folder: string | undefined) {
  const place = value.place()
  const isSame = folder === undefined || place.directory === folder
  return isSame && !place.file.startsWith('*') ? place : undefined
}

function toExternal(value: Tensor, location: string, offset: number): ExternalTensor {
  const { dtype, shape } = value
  return { dtype, shape, location, offset, length: bytesOf(value) }
}

/** Whether the runtime gains nothing, or not enough, from knowing the value beforehand. */
function isFed(name: string, value: Tensor, nodes: readonly OnnxNode[]): boolean {
  const bytes = bytesOf(value)
  if (bytes <= maxCopiedBytes) return false
  const isLookUp = ({ op, inputs }: OnnxNode) => op === 'Gather' && inputs[0] === name && inputs[1] !== name
  const isFactor = ({ op }: OnnxNode) => products.has(op) && bytes > maxPackedBytes
  return nodes.every((node) => !node.inputs.includes(name) || isLookUp(node) || isFactor(node))
}

/** Without asking for the data, which a mapped tensor would read. */
function bytesOf({ dtype, shape }: Tensor): number {
  return sizeOf(shape) * typedArrays[dtype].BYTES_PER_ELEMENT
}
