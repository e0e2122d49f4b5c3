/** A SavedModel that can be made to run for ever and that counts: what a hostile model, and a model with state, can do. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary.js'

const attr = (key: string, value: string) => `attr { key: "${key}" value { ${value} } }`
const dtype = (key: string, name: 'DT_INT64' | 'DT_BOOL') => attr(key, `type: ${name}`)
const scalar = 'shape { }'

function node(name: string, op: string, inputs: readonly string[], ...attrs: readonly string[]): string {
  const named = inputs.map((input) => `input: "${input}"`).join(' ')
  return `name: "${name}" op: "${op}" ${named} ${attrs.join(' ')}`
}

const constant = (name: string, value: number) =>
  node(
    name,
    'Const',
    [],
    dtype('dtype', 'DT_INT64'),
    attr('value', `tensor { dtype: DT_INT64 tensor_shape { } int64_val: ${value} }`),
  )

/** A function of `i` and `limit`. */
function inner(
  name: string,
  results: readonly (readonly [name: string, type: 'DT_INT64' | 'DT_BOOL', value: string])[],
  ...nodes: readonly string[]
): string {
  const outs = results.map(([out, type]) => `output_arg { name: "${out}" type: ${type} }`)
  return `function {
    signature { name: "${name}" input_arg { name: "i" type: DT_INT64 } input_arg { name: "limit" type: DT_INT64 } ${outs.join(' ')} }
    ${nodes.map((one) => `node_def { ${one} }`).join('\n')}
    ${results.map(([out, , value]) => `ret { key: "${out}" value: "${value}" }`).join(' ')}
  }`
}

const functions = [
  inner(
    'goes_on',
    [['more', 'DT_BOOL', 'less:z:0']],
    node('less', 'Less', ['i', 'limit'], dtype('T', 'DT_INT64')),
  ),
  inner(
    'round',
    [
      ['next', 'DT_INT64', 'add:z:0'],
      ['same', 'DT_INT64', 'limit'],
    ],
    constant('one', 1),
    node('add', 'AddV2', ['i', 'one:output:0'], dtype('T', 'DT_INT64')),
  ),
]

const nodes = [
  node('times', 'Placeholder', [], dtype('dtype', 'DT_INT64'), attr('shape', scalar)),
  constant('zero', 0),
  constant('one', 1),
  node(
    'while',
    'StatelessWhile',
    ['zero', 'times'],
    attr('T', 'list { type: [DT_INT64, DT_INT64] }'),
    attr('cond', 'func { name: "goes_on" }'),
    attr('body', 'func { name: "round" }'),
  ),
  node('rounds', 'Identity', ['while:0'], dtype('T', 'DT_INT64')),
  node('counter', 'VariableV2', [], dtype('dtype', 'DT_INT64'), attr('shape', scalar)),
  node('init', 'Assign', ['counter', 'zero'], dtype('T', 'DT_INT64')),
  node('total', 'Identity', ['counter'], dtype('T', 'DT_INT64')),
  node('count', 'AssignAdd', ['counter', 'one'], dtype('T', 'DT_INT64')),
]

function signature(name: string, output: string, input?: string): string {
  const tensor = (of: string) => `name: "${of}:0" dtype: DT_INT64 tensor_shape { }`
  return `signature_def { key: "${name}" value {
    ${input ? `inputs { key: "${input}" value { ${tensor(input)} } }` : ''}
    outputs { key: "${output}" value { ${tensor(output)} } }
    method_name: "tensorflow/serving/predict" } }`
}

const text = `saved_model_schema_version: 1
meta_graphs {
  meta_info_def { tags: "serve" }
  graph_def {
    ${nodes.map((one) => `node { ${one} }`).join('\n')}
    library { ${functions.join('\n')} }
    versions { producer: 1395 }
  }
  collection_def { key: "saved_model_main_op" value { node_list { value: "init" } } }
  ${signature('loop', 'rounds', 'times')}
  ${signature('count', 'count')}
  ${signature('total', 'total')}
}
`

/**
 * Writes the model and gives its directory. Signatures: `loop` counts to `times` (int64 scalar) one by one and answers
 * `rounds`; `count` adds one to a variable and answers `count`; `total` answers what the variable is as `total`.
 */
export function writeLoopingModel(): string {
  const directory = temporaryFolder('looping')
  writeFileSync(join(directory, 'saved_model.pbtxt'), text)
  return directory
}
