/** A small SavedModel of every kind of part, in both forms. */
import protobuf from 'protobufjs/minimal.js'

export const modelText = `saved_model_schema_version: 1
meta_graphs {
  meta_info_def { tags: "serve" tensorflow_version: "2.15.1" stripped_op_list { op { name: "Add" } } }
  graph_def {
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { dim { size: -1 } dim { size: 2 } } } } }
    node { name: "c" op: "Const"
      attr { key: "dtype" value { type: DT_INT64 } }
      attr { key: "value" value { tensor { dtype: DT_INT64 tensor_shape { dim { size: 3 } } int64_val: -1 } } } }
    node { name: "s" op: "Const"
      attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "\\303\\251\\000" } } } }
    node { name: "f" op: "PartitionedCall" input: "x" input: "^c"
      attr { key: "f" value { func { name: "body" attr { key: "T" value { list { i: [1, 2, 3] f: 0.5 } } } } } } }
    library { function { signature { name: "body" input_arg { name: "a" type: DT_FLOAT } is_stateful: true }
      node_def { name: "h" op: "Const" attr { key: "value" value {
        tensor { dtype: DT_HALF tensor_shape { dim { size: 2 } } half_val: 15360 half_val: 1 } } } }
      ret { key: "out" value: "h:output:0" } } }
    versions { producer: 1395 min_consumer: 12 }
  }
  saver_def { filename_tensor_name: "save/Const:0" restore_op_name: "save/restore_all" max_to_keep: 5 }
  collection_def { key: "main_op" value { node_list { value: "init" } } }
  signature_def { key: "serving_default" value {
    inputs { key: "x" value { name: "x:0" dtype: DT_FLOAT tensor_shape { unknown_rank: true } } }
    method_name: "tensorflow/serving/predict" } }
  asset_file_def { tensor_info { name: "asset:0" } filename: "words.txt" }
}
`

type Write = (out: protobuf.Writer) => void

/** A message in a field. */
const inside =
  (field: number, ...parts: readonly Write[]): Write =>
  (out) => {
    out.uint32((field << 3) | 2).fork()
    for (const part of parts) part(out)
    out.ldelim()
  }
const text =
  (field: number, value: string): Write =>
  (out) =>
    out.uint32((field << 3) | 2).string(value)
const int =
  (field: number, value: number): Write =>
  (out) =>
    out.uint32(field << 3).int64(value)
const bytes =
  (field: number, value: Uint8Array): Write =>
  (out) =>
    out.uint32((field << 3) | 2).bytes(value)
const attr = (key: string, ...value: readonly Write[]) => inside(5, text(1, key), inside(2, ...value))
const size = (value: number) => inside(2, int(1, value))

const body = inside(
  1,
  inside(1, text(1, 'body'), inside(2, text(1, 'a'), int(3, 1)), int(17, 1)),
  inside(
    3,
    text(1, 'h'),
    text(2, 'Const'),
    attr('value', inside(8, int(1, 19), inside(2, size(2)), int(13, 15360))),
  ),
  inside(4, text(1, 'out'), text(2, 'h:output:0')),
)
const list = inside(
  1,
  inside(3, (out) => out.int32(1).int32(2)),
)
const graph = inside(
  2,
  inside(1, text(1, 'x'), text(2, 'Placeholder'), attr('shape', inside(7, size(-1), size(2)))),
  inside(
    1,
    text(1, 'c'),
    text(2, 'Const'),
    attr('value', inside(8, int(1, 9), inside(2, size(3)), int(10, -1))),
  ),
  inside(
    1,
    text(1, 'd'),
    attr('value', inside(8, int(1, 1), inside(2, size(2)), bytes(4, Buffer.alloc(8, 1)))),
  ),
  inside(1, text(1, 's'), attr('value', inside(8, int(1, 7), bytes(8, Buffer.from('é\0'))))),
  inside(
    1,
    text(1, 'f'),
    text(3, '^c'),
    attr('f', inside(10, text(1, 'body'), inside(2, text(1, 'T'), inside(2, list)))),
  ),
  inside(2, body),
  inside(4, int(1, 1395)),
)
const signature = inside(
  2,
  inside(1, text(1, 'x'), inside(2, text(1, 'x:0'), int(2, 1), inside(3, int(3, 1)))),
)

export const modelBytes: Uint8Array = (() => {
  const out = protobuf.Writer.create()
  int(1, 1)(out)
  inside(
    2,
    inside(1, text(4, 'serve')),
    graph,
    inside(3, text(1, 'save/Const:0'), text(3, 'save/restore_all')),
    inside(4, text(1, 'main_op'), inside(2, inside(1, text(1, 'init')))),
    inside(5, text(1, 'serving_default'), signature),
    inside(6, text(2, 'words.txt')),
  )(out)
  return out.finish()
})()
