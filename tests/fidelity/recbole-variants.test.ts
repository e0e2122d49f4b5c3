/**
 * Architectures under settings that no fixture has, against answers of RecBole's own classes (recbole-variants.py recorded
 * them): every weight is a function of its name and place, so the models are whole without files.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasRuntime } from '../../src/engines/onnx/runtime.js'
import type { ArchitectureContext, Feature, Weights } from '../../src/models/recbole/architecture.js'
import { architectureOf } from '../../src/models/recbole/architecture-of.js'
import { createSettings } from '../../src/models/recbole/settings.js'
import { readWeights } from '../../src/models/recbole/weights.js'
import { sizeOf, tensor } from '../../src/tensor/tensor.js'
import { projectRoot } from '../project.js'
import { openScored, type ScoredModel } from './recbole-scores.js'

interface Variant {
  readonly name: string
  readonly model: string
  readonly settings: Readonly<Record<string, number | string | boolean | (string | number)[]>>
  /** Shape by name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  readonly itemFeatures: readonly RecordedFeature[]
  readonly userFeatures: readonly RecordedFeature[]
  readonly answers: readonly Answer[]
}

type RecordedFeature = Omit<Feature, 'values'> & { readonly values: readonly number[] }

interface Answer {
  readonly sequence: readonly number[]
  readonly user: number
  readonly scores: readonly number[]
}

/** Sizes that recbole-variants.py has too. */
const [itemCount, userCount, relationCount] = [9, 4, 3]

const skip = !hasRuntime() && 'no native runtime for this platform'
const lines = readFileSync(join(projectRoot, 'tests', 'fidelity', 'recbole-variants.jsonl'), 'utf8')

for (const line of lines.split('\n').filter(Boolean)) {
  const variant = JSON.parse(line) as Variant
  test(`answers as RecBole's class does: ${variant.name}`, { skip }, async (t) => {
    const context = toContext(variant, await toWeights(variant))
    const model = openScored(architectureOf(variant.model).build(context), context)
    t.after(() => model.close())
    compareAnswers(variant.answers, model)
  })
}

function compareAnswers(answers: readonly Answer[], model: ScoredModel): void {
  const queries = answers.map(({ sequence, user }) => ({ sequence: Int32Array.from(sequence), user }))
  const together = model.scores(queries)
  for (const [b, { sequence, scores }] of answers.entries()) {
    const scale = Math.max(...scores.map(Math.abs))
    const alone = model.scores([queries[b]!])[0]!
    for (const [id, expected] of scores.entries()) {
      const allowed = 1e-5 * Math.abs(expected) + 1e-6 * scale
      for (const actual of [alone[id]!, together[b]![id]!]) {
        assert.ok(
          Math.abs(actual - expected) <= allowed,
          `[${sequence}], id ${id}: ${actual}, RecBole has ${expected}`,
        )
      }
    }
  }
}

function toContext({ settings, itemFeatures, userFeatures }: Variant, weights: Weights): ArchitectureContext {
  const read = createSettings(new Map(Object.entries(settings)))
  const columns = read.has('kg_embedding_size') ? read.integer('kg_embedding_size') : 0
  const vectors = namedWeights('relation_vectors', relationCount * columns)
  return {
    weights,
    settings: read,
    itemCount,
    userCount,
    maxLength: read.integer('MAX_ITEM_LIST_LENGTH'),
    itemFeatures: () => itemFeatures.map(toFeature),
    userFeatures: () => userFeatures.map(toFeature),
    relationVectors: () => ({ rows: relationCount, columns, values: vectors }),
  }
}

const toFeature = (feature: RecordedFeature): Feature =>
  ({
    ...feature,
    values: feature.kind === 'float' ? Float32Array.from(feature.values) : Int32Array.from(feature.values),
  }) as Feature

/** What a checkpoint would hold. */
const toWeights = ({ tensors }: Variant): Promise<Weights> =>
  readWeights(
    new Map(
      Object.entries(tensors).map(([name, shape]) => {
        const read = async () => tensor('float32', shape, namedWeights(name, sizeOf(shape)))
        return [name, { dtype: 'float32', shape, read }]
      }),
    ),
  )

/** From −0.5 to 0.5, mixed of the name (FNV-1a) and the place; `weight` in recbole-variants.py. */
function namedWeights(name: string, count: number): Float32Array<ArrayBuffer> {
  const seed = Buffer.from(name).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261)
  const values = Float32Array.from({ length: count }, (_, i) => {
    let x = (seed + Math.imul(i, 2654435761)) >>> 0
    for (let round = 0; round < 2; round++) x = Math.imul(x ^ (x >>> 16), 73244475) >>> 0
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32 - 0.5
  })
  return name.endsWith('running_var') ? values.map((value) => Math.abs(value) + 0.5) : values
}
