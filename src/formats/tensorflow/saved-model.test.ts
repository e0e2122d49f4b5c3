/** Every SavedModel of the fixtures, and broken ones. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fixturesRoot, skipWithoutFixtures } from '../../../tests/project.js'
import { RecserveError } from '../../core/errors.js'
import { sizeOf } from '../../tensor/tensor.js'
import { openTensorBundle, type TensorBundle } from '../tensor-bundle/tensor-bundle.js'
import { isReadable } from './data-type.js'
import type { NodeDef, SavedModelProto } from './graph.js'
import { parseGraphDef, readSavedModel } from './saved-model.js'
import { toTensor } from './tensor-proto.js'

const skip = skipWithoutFixtures()
const tensorflow = join(fixturesRoot, 'tensorflow')

function modelsBelow(...rooms: string[]): string[] {
  const root = join(fixturesRoot, ...rooms)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => /saved_model\.pb(txt)?$/.test(file)).map((file) => join(root, dirname(file)))
}

function nodesOf(model: SavedModelProto): NodeDef[] {
  return model.metaGraphs.flatMap(({ graph }) => [
    ...(graph?.nodes ?? []),
    ...(graph?.library?.functions.flatMap(({ nodes }) => nodes) ?? []),
  ])
}

/** Decodes every constant. */
function constantsOf(model: SavedModelProto): number {
  let count = 0
  for (const node of nodesOf(model)) {
    const proto = node.attr.get('value')?.tensor
    if (node.op !== 'Const' || !proto || !isReadable(proto.dtype)) continue
    const made = toTensor(proto, { name: 'saved_model.pb', what: node.name })
    assert.equal(made.dtype, node.attr.get('dtype')?.type)
    count++
  }
  return count
}

function readAll(bundle: TensorBundle): number {
  let count = 0
  for (const { name, dtype, shape } of bundle.entries.values()) {
    if (!isReadable(dtype)) continue
    const value = bundle.read(name)
    assert.deepEqual([value.dtype, value.shape], [dtype, shape])
    assert.equal(value.data.length, sizeOf(shape) * (dtype.startsWith('complex') ? 2 : 1))
    count++
  }
  return count
}

test('reads every SavedModel of the fixtures, its constants and its variables', {
  skip,
}, async (t: TestContext) => {
  const models = [...modelsBelow('tensorflow'), ...modelsBelow('libreco')].filter(
    (path) => !path.includes('/bad/'),
  )
  const counts = { models: 0, nodes: 0, constants: 0, signatures: 0, variables: 0 }
  const begun = performance.now()
  for (const path of models) {
    const model = await readSavedModel(path)
    const first = model.metaGraphs[0]!
    assert.ok(first.metaInfo?.tags.includes('serve'), path)
    assert.ok(first.signatures.size > 0 && nodesOf(model).every(({ op, name }) => op && name), path)
    counts.models++
    counts.nodes += nodesOf(model).length
    counts.constants += constantsOf(model)
    counts.signatures += first.signatures.size
    const prefix = join(path, 'variables', 'variables')
    if (existsSync(`${prefix}.index`))
      counts.variables += readAll(await openTensorBundle(prefix, { checksums: true }))
  }
  t.diagnostic(`${JSON.stringify(counts)} in ${Math.round(performance.now() - begun)} ms`)
  assert.ok(counts.models > 90 && counts.variables > 1000)
})

test('the signatures are those that TensorFlow names', { skip }, async () => {
  for (const name of readdirSync(tensorflow)) {
    const path = join(tensorflow, name, 'cases.json')
    if (!existsSync(path)) continue
    const cases = JSON.parse(readFileSync(path, 'utf8')) as {
      tags?: string[]
      signatures?: Record<
        string,
        { inputs: Record<string, { dtype: string; shape: number[] | null; name: string }> }
      >
    }
    if (!cases.signatures) continue
    const model = await readSavedModel(join(tensorflow, name, 'model', '1'))
    const graph = model.metaGraphs.find(
      ({ metaInfo }) => metaInfo?.tags.join() === (cases.tags ?? ['serve']).join(),
    )
    for (const [signature, { inputs }] of Object.entries(cases.signatures)) {
      for (const [alias, input] of Object.entries(inputs)) {
        const found = graph?.signatures.get(signature)?.inputs.get(alias)
        assert.equal(found?.name, input.name, `${name} ${signature} ${alias}`)
        assert.equal(found?.dtype, input.dtype)
        assert.deepEqual(
          found?.shape?.unknownRank ? null : found?.shape?.dims.map(({ size }) => size),
          input.shape,
        )
      }
    }
  }
})

test('text and binary form are the same data', { skip }, async () => {
  const model = await readSavedModel(join(tensorflow, 'tf1_text_proto', 'model', '1'))
  const nodes = model.metaGraphs[0]!.graph!.nodes
  assert.ok(nodes.length > 5)
  assert.equal(nodes.find(({ op }) => op === 'Placeholder')?.attr.get('shape')?.shape?.unknownRank, true)
})

test('graphs of the op cases are read', { skip }, (t: TestContext) => {
  let graphs = 0
  for (const file of readdirSync(join(tensorflow, 'ops'))) {
    const { cases } = JSON.parse(readFileSync(join(tensorflow, 'ops', file), 'utf8')) as {
      cases: { graph?: string }[]
    }
    for (const { graph } of cases) {
      if (graph === undefined) continue
      assert.ok(parseGraphDef(Buffer.from(graph, 'base64')).nodes.length > 0)
      graphs++
    }
  }
  t.diagnostic(`${graphs} graphs`)
})

/** What reading graph and variables says of each broken model; undefined where the fault is not in the bytes. */
const broken: Readonly<Record<string, RegExp | undefined>> = {
  good: undefined,
  missing_index: /^not_found: variables\.index: no such file/,
  missing_data_shard: /^not_found: variables\.data-00000-of-00001: no such file/,
  missing_variables: /^not_found: variables\.index: no such file/,
  truncated_data: /^data_loss: variables\.data-00000-of-00001: is cut short/,
  wrong_crc_data: /^data_loss: variables\.data-00000-of-00001: the checksum of '.*' does not match/,
  wrong_crc_index: /^data_loss: variables\.index: the checksum of the block at byte 0 does not match/,
  bad_magic_index: /^data_loss: variables\.index: .* magic number is wrong/,
  empty_index: /^data_loss: variables\.index: is empty/,
  missing_saved_model: /^not_found: '1' has neither a saved_model\.pb nor/,
  zero_length_pb: /^data_loss: saved_model\.pb: is empty/,
  corrupt_pb: /^data_loss: saved_model\.pb: .*at byte \d+/,
  truncated_pb: /^data_loss: saved_model\.pb: .*at byte \d+/,
  text_pb: /^data_loss: saved_model\.pb: .*at byte \d+/,
  empty_version: /^not_found: '1' has neither/,
  no_versions: /^not_found: '1' has neither/,
  // For who chooses a meta graph or runs it.
  unknown_op: undefined,
  missing_function: undefined,
  no_signatures: undefined,
  wrong_tags: undefined,
  dangling_signature: undefined,
  output_index: undefined,
  wrong_shape: undefined,
}

test('every broken model is named', { skip }, () => {
  const expected = JSON.parse(readFileSync(join(tensorflow, 'bad', 'expected.json'), 'utf8')) as object
  assert.deepEqual(Object.keys(broken).sort(), Object.keys(expected).sort())
})

for (const [name, expected] of Object.entries(broken)) {
  test(`the broken model ${name} is ${expected ? 'refused' : 'read'}`, { skip }, async () => {
    const path = join(tensorflow, 'bad', name, '1')
    const outcome = await (async () => {
      await readSavedModel(path)
      readAll(await openTensorBundle(join(path, 'variables', 'variables'), { checksums: true }))
    })().catch((error: unknown) => error)
    if (!expected) assert.equal(outcome, undefined)
    else {
      assert.ok(outcome instanceof RecserveError, String(outcome))
      assert.match(`${outcome.code}: ${outcome.message}`, expected)
    }
  })
}
