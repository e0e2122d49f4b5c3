/** The world (tests/world.ts) as graphs that LibRecommender's `save_tf` and `save_online` would export, small enough to read. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlike, worldSize, writeWorldFiles } from './world.js'

type Type = 'DT_FLOAT' | 'DT_INT32'

const attr = (key: string, value: string) => `attr { key: "${key}" value { ${value} } }`
const type = (key: string, value: Type) => attr(key, `type: ${value}`)
const shapeOf = (sizes: readonly number[]) => sizes.map((size) => `dim { size: ${size} }`).join(' ')

function node(name: string, op: string, inputs: readonly string[], ...attrs: readonly string[]): string {
  const named = inputs.map((input) => `input: "${input}"`).join(' ')
  return `node { name: "${name}" op: "${op}" ${named} ${attrs.join(' ')} }`
}

function constant(name: string, dtype: Type, sizes: readonly number[], values: readonly number[]): string {
  const field = dtype === 'DT_FLOAT' ? 'float_val' : 'int_val'
  const content = values.map((value) => `${field}: ${value}`).join(' ')
  const tensor = `tensor { dtype: ${dtype} tensor_shape { ${shapeOf(sizes)} } ${content} }`
  return node(name, 'Const', [], type('dtype', dtype), attr('value', tensor))
}

const placeholder = (name: string, sizes: readonly number[]) =>
  node(name, 'Placeholder', [], type('dtype', 'DT_INT32'), attr('shape', `shape { ${shapeOf(sizes)} }`))

const axes = type('Tidx', 'DT_INT32')
const gather = (name: string, table: string, indices: string) =>
  node(
    name,
    'GatherV2',
    [table, indices, 'axis0'],
    type('Tparams', 'DT_FLOAT'),
    type('Tindices', 'DT_INT32'),
    type('Taxis', 'DT_INT32'),
  )

/** A vector for each: which of the two kinds it is of; a row of nothing for whoever is not known. */
const vectors = [
  ...Array.from({ length: worldSize }, (_, row) => (isAlike(row, 0) ? [1, 0] : [0, 1])).flat(),
  0,
  0,
]
const shared = [
  constant('vectors', 'DT_FLOAT', [worldSize + 1, 2], vectors),
  constant('axis0', 'DT_INT32', [], [0]),
  constant('axis1', 'DT_INT32', [], [1]),
]

interface GraphText {
  readonly nodes: readonly string[]
  readonly signature: string
  /** Sizes of an input's shape by alias; it is the placeholder of that name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly output: { readonly alias: string; readonly tensor: string; readonly dtype: Type }
}

/** score = ⟨vector of the user, vector of the item⟩. */
const byUser: GraphText = {
  nodes: [
    gather('user', 'vectors', 'user_indices'),
    gather('item', 'vectors', 'item_indices'),
    node('product', 'Mul', ['user', 'item'], type('T', 'DT_FLOAT')),
    node('logits', 'Sum', ['product', 'axis1'], type('T', 'DT_FLOAT'), axes),
  ],
  signature: 'predict',
  inputs: { user_indices: [-1], item_indices: [-1] },
  output: { alias: 'logits', tensor: 'logits:0', dtype: 'DT_FLOAT' },
}

/** score = ⟨mean of the history's vectors, vector of the item⟩, told only as the places of the best. */
const byHistory: GraphText = {
  nodes: [
    gather('history', 'vectors', 'user_interacted_seq'),
    node('sum', 'Sum', ['history', 'axis1'], type('T', 'DT_FLOAT'), axes),
    node('count', 'Cast', ['user_interacted_len'], type('SrcT', 'DT_INT32'), type('DstT', 'DT_FLOAT')),
    node('mean', 'RealDiv', ['sum', 'count'], type('T', 'DT_FLOAT')),
    constant('items', 'DT_FLOAT', [worldSize, 2], vectors.slice(0, 2 * worldSize)),
    node('all', 'MatMul', ['mean', 'items'], type('T', 'DT_FLOAT'), attr('transpose_b', 'b: true')),
    constant('flat', 'DT_INT32', [1], [-1]),
    node('ranked', 'Reshape', ['all', 'flat'], type('T', 'DT_FLOAT'), type('Tshape', 'DT_INT32')),
    node('best', 'TopKV2', ['ranked', 'k'], type('T', 'DT_FLOAT'), attr('sorted', 'b: true')),
  ],
  signature: 'topk',
  inputs: { user_interacted_seq: [-1, worldSize], user_interacted_len: [-1], k: [] },
  output: { alias: 'topk', tensor: 'best:1', dtype: 'DT_INT32' },
}

function toText({ nodes, signature, inputs, output }: GraphText): string {
  const info = (alias: string, tensor: string, dtype: Type, sizes: readonly number[]) =>
    `key: "${alias}" value { name: "${tensor}" dtype: ${dtype} tensor_shape { ${shapeOf(sizes)} } }`
  const placeholders = Object.entries(inputs).map(([alias, sizes]) => placeholder(alias, sizes))
  const takes = Object.entries(inputs).map(
    ([alias, sizes]) => `inputs { ${info(alias, `${alias}:0`, 'DT_INT32', sizes)} }`,
  )
  return `saved_model_schema_version: 1
meta_graphs {
  meta_info_def { tags: "serve" }
  graph_def {
    ${[...placeholders, ...shared, ...nodes].join('\n    ')}
    versions { producer: 1395 }
  }
  signature_def { key: "${signature}" value {
    ${takes.join('\n    ')}
    outputs { ${info(output.alias, output.tensor, output.dtype, [-1])} }
    method_name: "tensorflow/serving/predict" } }
}
`
}

/** Algorithms of the library whose exports have these inputs. */
export const graphWorlds = { NCF: byUser, RNN4Rec: byHistory } as const

/** @param version of the graph within the folder */
export async function writeGraphWorld(
  algorithm: keyof typeof graphWorlds,
  { version = 1, parent }: { readonly version?: number; readonly parent?: string } = {},
): Promise<string> {
  const features = { n_users: worldSize, n_items: worldSize, max_seq_len: worldSize }
  const directory = await writeWorldFiles(algorithm, { 'features.json': features }, parent)
  const graph = join(directory, algorithm.toLowerCase(), String(version))
  await mkdir(graph, { recursive: true })
  await writeFile(join(graph, 'saved_model.pbtxt'), toText(graphWorlds[algorithm]))
  return directory
}
