/** Writes SavedModels whose weights lie in a checkpoint: a table that is looked up, and weights it is multiplied with. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs/minimal.js'
import { crc32c, maskCrc } from '../src/formats/tensor-bundle/crc32c.js'
import { entryBytes, headerBytes, tableBytes } from './tensor-bundle-file.js'

export interface EmbeddingModel {
  readonly rows: number
  readonly width: number
  /** Columns of the dense layer behind the table. */
  readonly units: number
  /** How variables are written: TensorFlow 2's resources or TensorFlow 1's references. */
  readonly form: 'resource' | 'reference'
  /** Value of element `i` of the table; of the dense layer's weights it is taken as well. */
  readonly value: (i: number) => number
}

type Write = (out: protobuf.Writer) => void

const float32 = 1
const int32 = 3
const text = 7

/**
 * `scores [n, units] = table[ids] x dense` as signature `serving_default`, input `ids` (int32 [n]).
 * @returns the path of the shard that holds the weights, the dense layer's first
 */
export function writeEmbeddingModel(directory: string, model: EmbeddingModel): string {
  mkdirSync(join(directory, 'variables'), { recursive: true })
  writeFileSync(join(directory, 'saved_model.pb'), modelBytes(model))
  const shard = join(directory, 'variables', 'variables.data-00000-of-00001')
  const fd = openSync(shard, 'w')
  const dense = writeFloats(fd, model.width * model.units, model.value)
  const table = writeFloats(fd, model.rows * model.width, model.value)
  closeSync(fd)
  const rows = [
    ['', headerBytes()],
    ['dense', entryBytes({ dtype: float32, shape: [model.width, model.units], ...dense, offset: 0 })],
    ['table', entryBytes({ dtype: float32, shape: [model.rows, model.width], ...table, offset: dense.size })],
  ] as const
  writeFileSync(join(directory, 'variables', 'variables.index'), tableBytes(rows))
  return shard
}

function writeFloats(fd: number, count: number, value: (i: number) => number) {
  const chunk = new Float32Array(Math.min(count, 2 ** 20))
  let crc = 0
  for (let at = 0; at < count; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, count - at))
    for (let i = 0; i < part.length; i++) part[i] = value(at + i)
    const bytes = new Uint8Array(part.buffer, 0, part.byteLength)
    crc = crc32c(bytes, crc)
    writeSync(fd, bytes)
  }
  return { size: count * 4, crc: maskCrc(crc) }
}

function modelBytes({ rows, width, units, form }: EmbeddingModel): Uint8Array {
  const isReference = form === 'reference'
  const variables = [
    ...variable('table', [rows, width], isReference),
    ...variable('dense', [width, units], isReference),
  ]
  const restore = [
    node('save/Const', 'Placeholder', [], [attr('dtype', int(6, text))]),
    strings('save/names', ['table', 'dense']),
    strings('save/slices', ['', '']),
    node(
      'save/RestoreV2',
      'RestoreV2',
      ['save/Const', 'save/names', 'save/slices'],
      [attr('dtypes', inside(1, int(6, float32), int(6, float32)))],
    ),
    node('save/restore_all', 'NoOp', ['^save/table', '^save/dense'], []),
  ]
  const types = [attr('Tparams', int(6, float32)), attr('Tindices', int(6, int32))]
  const looked = isReference
    ? [
        node(
          'axis',
          'Const',
          [],
          [attr('dtype', int(6, int32)), attr('value', inside(8, int(1, int32), inside(2), int(7, 0)))],
        ),
        node('rows', 'GatherV2', ['table/read', 'ids', 'axis'], [...types, attr('Taxis', int(6, int32))]),
      ]
    : [node('rows', 'ResourceGather', ['table', 'ids'], [attr('dtype', int(6, float32)), types[1]!])]
  const nodes = [
    ...variables,
    ...restore,
    node('ids', 'Placeholder', [], [attr('dtype', int(6, int32)), attr('shape', inside(7, size(-1)))]),
    ...looked,
    node('scores', 'MatMul', ['rows', 'dense/read'], [attr('T', int(6, float32))]),
  ]
  const info = (name: string, dtype: number, shape: readonly number[]) =>
    inside(2, string(1, name), int(2, dtype), inside(3, ...shape.map(size)))
  const signature = inside(
    2,
    inside(1, string(1, 'ids'), info('ids:0', int32, [-1])),
    inside(2, string(1, 'scores'), info('scores:0', float32, [-1, units])),
    string(3, 'tensorflow/serving/predict'),
  )
  const out = protobuf.Writer.create()
  int(1, 1)(out)
  inside(
    2,
    inside(1, string(4, 'serve')),
    inside(2, ...nodes),
    inside(3, string(1, 'save/Const:0'), string(3, 'save/restore_all')),
    inside(5, string(1, 'serving_default'), signature),
  )(out)
  return out.finish()
}

/** The variable, its value as `NAME/read`, and its restoring as `save/NAME`. */
function variable(name: string, shape: readonly number[], isReference: boolean): readonly Write[] {
  const dtype = attr('dtype', int(6, float32))
  const attrs = [dtype, attr('shape', inside(7, ...shape.map(size))), attr('shared_name', string(2, name))]
  const value = name === 'table' ? 'save/RestoreV2' : 'save/RestoreV2:1'
  if (isReference)
    return [
      node(name, 'VariableV2', [], attrs),
      node(`${name}/read`, 'Identity', [name], [attr('T', int(6, float32))]),
      node(`save/${name}`, 'Assign', [name, value], [attr('T', int(6, float32))]),
    ]
  return [
    node(name, 'VarHandleOp', [], attrs),
    node(`${name}/read`, 'ReadVariableOp', [name], [dtype]),
    node(`save/${name}`, 'AssignVariableOp', [name, value], [dtype]),
  ]
}

function strings(name: string, values: readonly string[]): Write {
  const value = inside(
    8,
    int(1, text),
    inside(2, size(values.length)),
    ...values.map((one) => string(8, one)),
  )
  return node(name, 'Const', [], [attr('dtype', int(6, text)), attr('value', value)])
}

/** Field numbers of node_def.proto and attr_value.proto. */
function node(name: string, op: string, inputs: readonly string[], attrs: readonly Write[]): Write {
  return inside(1, string(1, name), string(2, op), ...inputs.map((input) => string(3, input)), ...attrs)
}

const attr = (key: string, value: Write) => inside(5, string(1, key), inside(2, value))
const size = (value: number) => inside(2, int(1, value))

function inside(field: number, ...parts: readonly Write[]): Write {
  return (out) => {
    out.uint32((field << 3) | 2).fork()
    for (const part of parts) part(out)
    out.ldelim()
  }
}

function string(field: number, value: string): Write {
  return (out) => void out.uint32((field << 3) | 2).string(value)
}

function int(field: number, value: number): Write {
  return (out) => void out.uint32(field << 3).int64(value)
}
