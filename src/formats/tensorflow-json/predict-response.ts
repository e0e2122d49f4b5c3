/** The body of a TensorFlow Serving predict answer (json_tensor.cc, MakeJsonFromTensors), byte for byte. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type LeafWriter, leafWriterOf } from './leaf-writer.js'
import { PrettyWriter } from './pretty-writer.js'

/**
 * Outputs in the order given; a single one without its name.
 *
 * @throws RecserveError `invalid_argument` where they have no such form
 */
export function encodePredictResponse(
  outputs: ReadonlyMap<string, AnyTensor>,
  format: 'row' | 'columnar',
): Buffer {
  if (outputs.size === 0) refuse('Cannot convert empty tensor map to JSON')
  const writer = new PrettyWriter(4096)
  const columns = [...outputs].map(([name, tensor]) => new Column(writer, name, tensor))
  writer.beginObject()
  if (format === 'row') writeRows(writer, columns)
  else writeColumns(writer, columns)
  writer.endObject()
  return writer.out.take()
}

/** One output, its leaves written one after another. */
class Column {
  readonly name: string
  readonly key: Buffer
  readonly shape: readonly number[]
  readonly #writer: PrettyWriter
  readonly #writeLeaf: LeafWriter
  #next = 0

  constructor(writer: PrettyWriter, name: string, tensor: AnyTensor) {
    this.name = name
    this.key = Buffer.from(name)
    this.shape = tensor.shape
    this.#writer = writer
    this.#writeLeaf = leafWriterOf(name, tensor, writer)
  }

  /** Writes what lies below dimension `dimension`, from where the last call ended. */
  write(dimension: number): void {
    const { shape } = this
    if (dimension >= shape.length) {
      this.#writeLeaf(this.#next++)
      return
    }
    this.#writer.beginArray()
    const size = shape[dimension]!
    if (dimension === shape.length - 1) for (let i = 0; i < size; i++) this.#writeLeaf(this.#next++)
    else for (let i = 0; i < size; i++) this.write(dimension + 1)
    this.#writer.endArray()
  }
}

function writeRows(writer: PrettyWriter, columns: readonly Column[]): void {
  const rows = rowsOf(columns)
  writer.string(Buffer.from('predictions'))
  writer.beginArray()
  const areObjects = columns.length > 1
  for (let row = 0; row < rows; row++) {
    if (areObjects) writer.beginObject()
    writer.singleLineArrays = true
    for (const column of columns) {
      if (areObjects) writer.string(column.key)
      column.write(1)
    }
    writer.singleLineArrays = false
    if (areObjects) writer.endObject()
  }
  writer.endArray()
}

/** The first dimension, which all must share; it need not be the number of instances. */
function rowsOf(columns: readonly Column[]): number {
  let rows = -1
  for (const { name, shape } of columns) {
    const own = shape[0]
    if (own === undefined) refuse(`Tensor name: ${name} has no shape information `)
    if (rows >= 0 && own !== rows) {
      refuse(`Tensor name: ${name} has inconsistent batch size: ${own} expecting: ${rows}`)
    }
    rows = own
  }
  return rows
}

function writeColumns(writer: PrettyWriter, columns: readonly Column[]): void {
  writer.string(Buffer.from('outputs'))
  if (columns.length === 1) {
    columns[0]!.write(0)
    return
  }
  writer.beginObject()
  for (const column of columns) {
    writer.string(column.key)
    column.write(0)
  }
  writer.endObject()
}

function refuse(message: string): never {
  throw new RecserveError('invalid_argument', message)
}
