/** Every SavedModel of the fixtures: loaded, run on the recorded cases, compared; what is left for lack of ops is named. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { type LoadedModel, loadSavedModel } from '../../src/engines/tensorflow/saved-model.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { faultOf, type ModelCase, type ModelCases } from './model-cases.js'
import type { RecordedTensor } from './recorded-op.js'

interface GraphRuns {
  readonly saved_model: string
  readonly runs: readonly {
    readonly label: string
    readonly signature: string
    readonly inputs: readonly (RecordedTensor & { readonly name: string })[]
    readonly outputs: readonly (RecordedTensor & { readonly name: string })[]
  }[]
}

const skip = skipWithoutFixtures()
const root = join(fixturesRoot, 'tensorflow')
const readJson = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T
const modelNames = skip ? [] : readdirSync(root).filter((name) => existsSync(join(root, name, 'cases.json')))

interface Tally {
  passed: number
  left: number
  readonly faults: string[]
  /** Ops that are missing, with the models that need them. */
  readonly missing: Map<string, Set<string>>
}

const newTally = (): Tally => ({ passed: 0, left: 0, faults: [], missing: new Map() })

function note(tally: Tally, model: string, loaded: LoadedModel): void {
  for (const { missing, reason } of loaded.unservable.values()) {
    for (const op of missing.size > 0 ? missing.keys() : [reason]) {
      tally.missing.set(op, (tally.missing.get(op) ?? new Set()).add(model))
    }
  }
}

/** A model none of whose signatures can be served yet. */
function opsIn(error: unknown): string[] | undefined {
  if (!(error instanceof RecserveError) || error.code !== 'unimplemented') return undefined
  return [...error.message.matchAll(/(?:have: |\), )(\w+) \(/g)].map((match) => match[1]!)
}

function report(what: string, tally: Tally): void {
  console.log(`${what}: ${tally.passed} cases pass, ${tally.faults.length} fail, ${tally.left} wait for ops`)
  for (const [op, models] of [...tally.missing].sort((a, b) => b[1].size - a[1].size)) {
    console.log(`  ${op}: ${[...models].join(', ')}`)
  }
}

describe('SavedModels answer as in TensorFlow', { skip }, () => {
  const all = newTally()
  for (const name of modelNames) {
    test(name, async () => {
      const tally = newTally()
      const recorded = readJson<ModelCases>(join(root, name, 'cases.json'))
      const loads = new Map<string, LoadedModel | undefined>()
      for (const each of [...recorded.cases, ...(recorded.errors ?? [])]) {
        const tags = each.tags ?? recorded.tags
        const key = `${each.version ?? 1} ${tags}`
        if (!loads.has(key)) loads.set(key, await load(name, { version: each.version ?? 1, tags }, tally))
        const model = loads.get(key)
        if (!model?.signatures.has(each.signature)) tally.left++
        else
          checkCase(model, each, {
            label: `${name} ${each.signature}`,
            tally,
            isLoose: isLoose(recorded, each),
          })
      }
      all.passed += tally.passed
      all.left += tally.left
      all.faults.push(...tally.faults)
      for (const [op, models] of tally.missing)
        all.missing.set(op, new Set([...(all.missing.get(op) ?? []), ...models]))
      assert.deepEqual(tally.faults, [])
    })
  }
  test('in all', () => report(`${modelNames.length} models`, all))
})

/**
 * Compute in 16 bits, where the order of a sum shows, and where TensorFlow's graph optimizer multiplies by a reciprocal instead of
 * dividing.
 */
const isLoose = ({ note: all }: ModelCases, { note, signature }: ModelCase) =>
  /16-bit|half|bfloat16/.test(`${all ?? ''} ${note ?? ''}`) || /float16$/.test(signature)

async function load(
  name: string,
  { version, tags }: { readonly version: number; readonly tags: readonly string[] },
  tally: Tally,
): Promise<LoadedModel | undefined> {
  try {
    const model = await loadSavedModel(join(root, name, 'model', String(version)), { tags })
    note(tally, name, model)
    return model
  } catch (error) {
    const missing = opsIn(error)
    if (missing === undefined) throw error
    for (const op of missing) tally.missing.set(op, new Set([name]))
    return undefined
  }
}

interface Check {
  readonly label: string
  readonly tally: Tally
  readonly isLoose: boolean
}

function checkCase(model: LoadedModel, { signature, inputs, outputs, error }: ModelCase, check: Check): void {
  const fault = faultOf(model, { signature, inputs, outputs, error }, check.isLoose)
  if (fault === undefined) check.tally.passed++
  else check.tally.faults.push(`${check.label}: ${fault}`)
}

describe("LibRecommender's graphs answer as in TensorFlow", { skip }, () => {
  const directory = join(fixturesRoot, 'libreco')
  const names = skip
    ? []
    : readdirSync(directory).filter((name) => existsSync(join(directory, name, 'graph_io.json')))
  const all = newTally()
  for (const name of names) {
    test(name, async () => {
      const { saved_model: path, runs } = readJson<GraphRuns>(join(directory, name, 'graph_io.json'))
      let model: LoadedModel
      try {
        model = await loadSavedModel(join(directory, name, path))
      } catch (error) {
        const missing = opsIn(error)
        if (missing === undefined) throw error
        for (const op of missing) all.missing.set(op, (all.missing.get(op) ?? new Set()).add(name))
        all.left += runs.length
        return
      }
      note(all, name, model)
      const faults: string[] = []
      for (const { label, signature, inputs, outputs } of runs) {
        const byName = (values: typeof inputs) =>
          Object.fromEntries(values.map((value) => [value.name, value]))
        const recorded = { signature, inputs: byName(inputs), outputs: byName(outputs), error: undefined }
        const fault = faultOf(model, recorded, false)
        if (fault === undefined) all.passed++
        else faults.push(`${name} ${label}: ${fault}`)
      }
      all.faults.push(...faults)
      assert.deepEqual(faults, [])
    })
  }
  test('in all', () => report(`${names.length} graphs of LibRecommender`, all))
})

describe('broken SavedModels are refused', { skip }, () => {
  /** What the message has to name. */
  const faults: Readonly<Record<string, RegExp>> = {
    missing_index: /^not_found variables\.index/,
    missing_data_shard: /^not_found variables\.data-00000-of-00001/,
    missing_variables: /^not_found variables\.index/,
    truncated_data: /^data_loss variables\.data-00000-of-00001/,
    wrong_crc_data: /^data_loss variables\.data-00000-of-00001/,
    wrong_crc_index: /^data_loss variables\.index/,
    bad_magic_index: /^data_loss variables\.index/,
    empty_index: /^data_loss variables\.index/,
    missing_saved_model: /^not_found .*saved_model\.pb/,
    zero_length_pb: /^data_loss saved_model\.pb/,
    corrupt_pb: /^data_loss saved_model\.pb/,
    truncated_pb: /^data_loss saved_model\.pb/,
    text_pb: /^data_loss saved_model\.pb/,
    empty_version: /^not_found .*saved_model\.pb/,
    no_versions: /^not_found .*saved_model\.pb/,
    unknown_op: /^unimplemented .*MyCompanyFancyRelu \(.*Relu\)/,
    missing_function: /^invalid_argument .*__inference__traced_restore_\d+/,
    no_signatures: /^failed_precondition .*no signature/,
    wrong_tags: /^not_found .*\{ serve \}.*\{ train \}/,
    dangling_signature: /^invalid_argument .*NoSuchNode:0/,
    output_index: /^invalid_argument .*does not have output 7/,
    wrong_shape: /^invalid_argument .*\[99,2\].*\[64,2\]/,
  }
  for (const [name, pattern] of Object.entries(faults)) {
    test(name, async () => {
      const loading = loadSavedModel(join(root, 'bad', name, '1')).then(
        () => 'loads',
        (error: RecserveError) => `${error.code} ${error.message}`,
      )
      assert.match(await loading, pattern)
    })
  }
  test('and the good one is not', async () => {
    assert.deepEqual(
      [...(await loadSavedModel(join(root, 'bad', 'good', '1'))).signatures.keys()],
      ['serving_default'],
    )
  })
})
