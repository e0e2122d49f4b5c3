/**
 * Random data sets with random settings, read by RecBole itself and by the replay of its atomic files: ids, histories,
 * features and relation vectors must be the same. Runs where RECSERVE_TEST_PYTHON names a Python with RecBole.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import type { PickleValue } from '../../src/formats/pickle/value.js'
import type { Feature } from '../../src/models/recbole/architecture.js'
import type { RecBoleDataset } from '../../src/models/recbole/dataset.js'
import { toDatasetSettings } from '../../src/models/recbole/dataset-settings.js'
import { toHistory } from '../../src/models/recbole/history.js'
import { replayAtomicFiles } from '../../src/models/recbole/replay.js'
import { createSettings } from '../../src/models/recbole/settings.js'
import { projectRoot } from '../project.js'
import { temporaryFolder } from '../temporary.js'

interface RecordedFeature {
  readonly field: string
  readonly kind: Feature['kind']
  readonly size?: number
  readonly values: readonly (number | null)[]
}

interface Recorded {
  readonly class: string
  readonly type: number
  readonly settings: Readonly<Record<string, unknown>>
  readonly answer?: {
    readonly tokens: Readonly<Record<string, readonly string[]>>
    readonly offsets: readonly number[]
    readonly items: readonly number[]
    readonly item_features: readonly RecordedFeature[]
    readonly user_features: readonly RecordedFeature[]
    readonly relations: readonly number[] | null
  }
}

const python = process.env.RECSERVE_TEST_PYTHON
const skip = python ? false : 'RECSERVE_TEST_PYTHON names no Python that has RecBole'
const dataSets = 300

test(`replays ${dataSets} random data sets as RecBole reads them`, { skip }, async (t: TestContext) => {
  const folder = temporaryFolder('replay')
  const script = join(projectRoot, 'tests', 'fidelity', 'recbole-replay.py')
  const { status, stderr } = spawnSync(python!, [script, folder, '0', String(dataSets)], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const tally = { same: 0, untrainable: 0 }
  for (const name of readdirSync(join(folder, 'dataset'))) {
    const directory = join(folder, 'dataset', name)
    const recorded = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8')) as Recorded
    const settings = createSettings(toValue(recorded.settings) as ReadonlyMap<PickleValue, PickleValue>)
    const model = { className: recorded.class, modelType: recorded.type }
    const replayed = replayAtomicFiles(directory, toDatasetSettings(settings, model))
    if (recorded.answer) {
      assertSame(await replayed, recorded.answer, name)
      tally.same++
    } else {
      await replayed.catch((error: unknown) => assert.ok(error instanceof RecserveError, `${name}: ${error}`))
      tally.untrainable++
    }
  }
  t.diagnostic(`${tally.same} the same, ${tally.untrainable} that RecBole cannot train on`)
  assert.ok(tally.same > dataSets / 2)
})

function assertSame(dataset: RecBoleDataset, answer: NonNullable<Recorded['answer']>, name: string): void {
  assert.deepEqual(Object.fromEntries(dataset.tokens), answer.tokens, `${name}: tokens`)
  const { offsets, values } = toHistory(dataset.interactions!, answer.tokens.user_id!.length)
  for (let user = 1; user + 1 < answer.offsets.length; user++) {
    const recorded = answer.items
      .slice(answer.offsets[user], answer.offsets[user + 1])
      .filter((item) => item !== 0)
    assert.deepEqual(
      [...values.subarray(offsets[user], offsets[user + 1])],
      recorded,
      `${name}: user ${user}`,
    )
  }
  assertFeatures(dataset.itemFeatures!(), answer.item_features, `${name}: items`)
  assertFeatures(dataset.userFeatures!(), answer.user_features, `${name}: users`)
  if (answer.relations) assertNear(dataset.relationVectors!.values, answer.relations, `${name}: relations`)
}

function assertFeatures(
  found: readonly Feature[],
  recorded: readonly RecordedFeature[],
  place: string,
): void {
  const outline = (feature: Feature | RecordedFeature) =>
    `${feature.field}:${feature.kind}:${'size' in feature ? feature.size : ''}`
  assert.deepEqual(found.map(outline), recorded.map(outline), place)
  for (const [index, { values }] of found.entries())
    assertNear(values, recorded[index]!.values, `${place}: ${found[index]!.field}`)
}

/** Within the rounding of one float32; NaN is null. */
function assertNear(found: ArrayLike<number>, recorded: readonly (number | null)[], place: string): void {
  assert.equal(found.length, recorded.length, place)
  for (const [index, value] of recorded.entries()) {
    const isNear = value === null ? Number.isNaN(found[index]) : Math.abs(found[index]! - value) <= 1e-6
    assert.ok(isNear, `${place}: ${found[index]} at ${index}, expected ${value}`)
  }
}

function toValue(value: unknown): PickleValue {
  if (Array.isArray(value)) return value.map(toValue)
  if (typeof value !== 'object' || value === null) return value as PickleValue
  return new Map(Object.entries(value).map(([key, part]) => [key, toValue(part)]))
}
