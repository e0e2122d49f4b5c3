/**
 * Graphs of other libraries, specialised for a catalogue with every choice of which inputs are the items' and which the user's,
 * and with columns of both in one input: they must score pairs as they do themselves, within DESIGN 4's tolerance.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type LoadedModel, loadSavedModel } from '../../src/engines/tensorflow/saved-model.js'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const items = 45
const users = 3
/** Ids below it are in the smallest table of any of the models. */
const ids = 8

const graphs = [
  { name: 'rec_neumf_keras', output: 'score' },
  { name: 'rec_neumf_tf1', output: 'score' },
  { name: 'rec_deepfm', output: 'tf.math.sigmoid' },
  { name: 'rec_dlrm', output: 'dense_4' },
  { name: 'rec_dcn', output: 'dense_12' },
  { name: 'rec_autoint', output: 'dense_9' },
  { name: 'rec_mmoe', output: 'buy' },
]

type Columns = readonly number[]
/** `true`: the items'; columns: those are the user's. */
type Owner = boolean | Columns

const tally = { specialised: 0, scores: 0, mixed: 0 }
const skip = skipWithoutFixtures()

describe('a graph specialised for any split of its inputs scores as it does itself', { skip }, () => {
  after(() =>
    console.log(
      `specialised ${tally.specialised} splits, ${tally.mixed} with columns of both in one input; compared ${tally.scores} scores`,
    ),
  )

  for (const { name, output } of graphs) {
    for (const lowering of ['always', false] as const) {
      test(`${name} ${lowering ? 'on ONNX Runtime' : 'on kernels'}`, async () => {
        const model = await loadSavedModel(join(fixturesRoot, 'tensorflow', name, 'model', '1'), { lowering })
        try {
          for (const owners of ownerships(model)) compare(model, output, owners)
        } finally {
          model.close()
        }
      })
    }
  }
})

const inputsOf = (model: LoadedModel) => [...model.signatures.get('serving_default')!.inputs]

/** Every way to give each input to a side, each side one at least; then inputs of several columns to both. */
function ownerships(model: LoadedModel): ReadonlyMap<string, Owner>[] {
  const inputs = inputsOf(model)
  const all = Array.from({ length: 2 ** inputs.length - 2 }, (_, i) => i + 1).map(
    (bits) => new Map<string, Owner>(inputs.map(([alias], i) => [alias, ((bits >> i) & 1) === 1])),
  )
  const wide = inputs.find(([, { shape }]) => (shape?.[1] ?? 1) > 2)
  if (wide === undefined) return all
  return [...all, ...all.map((owners) => new Map([...owners, [wide[0], [0, 2] as const]]))]
}

function compare(model: LoadedModel, output: string, owners: ReadonlyMap<string, Owner>): void {
  const inputs = inputsOf(model)
  const given = new Map(
    inputs.map(([alias, { dtype, shape }], i) => {
      const make = (rows: number, seed: number) =>
        toTensor(dtype, [rows, ...(shape?.slice(1) ?? [])], seed + i)
      return [alias, { item: make(items, 17), user: make(users, 31) }] as const
    }),
  )
  const side = (pick: (owner: Owner) => boolean, which: 'item' | 'user') =>
    Object.fromEntries(
      [...owners].flatMap(([alias, owner]) => (pick(owner) ? [[alias, given.get(alias)![which]]] : [])),
    )
  const mixed = Object.fromEntries([...owners].filter(([, owner]) => typeof owner === 'object')) as Record<
    string,
    Columns
  >
  const catalogue = model.specialise({
    signature: 'serving_default',
    output,
    items: side((owner) => owner !== false, 'item'),
    users: [...owners].flatMap(([alias, owner]) => (owner === false ? [alias] : [])),
    mixed,
  })
  for (let round = 0; round < 2; round++) {
    const scores = catalogue.score(side((owner) => owner !== true, 'user'))
    for (let u = 0; u < users; u++) {
      const pairs = [...owners].map(
        ([alias, owner]) => [alias, pairsOf(given.get(alias)!, owner, u)] as const,
      )
      const { [output]: expected } = model.run('serving_default', Object.fromEntries(pairs), {
        outputs: [output],
      })
      assertNear(scores[u]!, expected!.data as Float32Array)
    }
  }
  tally.specialised++
  tally.mixed += Object.keys(mixed).length
}

/** Each item's row with the user's where the user owns. */
function pairsOf({ item, user }: { item: AnyTensor; user: AnyTensor }, owner: Owner, u: number): AnyTensor {
  const width = item.data.length! / items
  const data = (item.data as Float32Array).slice()
  const columns = owner === true ? [] : owner === false ? Array.from({ length: width }, (_, c) => c) : owner
  for (let r = 0; r < items; r++)
    for (const c of columns) data[r * width + c] = (user.data as Float32Array)[u * width + c]!
  return { ...item, data } as AnyTensor
}

/** Ids and numbers from a small generator (numerical recipes' LCG): the same in every run. */
function toTensor(dtype: string, shape: readonly number[], seed: number): AnyTensor {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const length = shape.reduce((product, size) => product * size, 1)
  const numbers = Array.from({ length }, () =>
    dtype === 'float32' ? 2 * next() - 1 : Math.floor(ids * next()),
  )
  const data =
    dtype === 'float32'
      ? Float32Array.from(numbers)
      : dtype === 'int32'
        ? Int32Array.from(numbers)
        : dtype === 'uint16'
          ? Uint16Array.from(numbers)
          : BigInt64Array.from(numbers, BigInt)
  return { dtype, shape, data } as AnyTensor
}

function assertNear(found: Float32Array, expected: Float32Array): void {
  assert.equal(found.length, expected.length)
  for (const [i, score] of expected.entries()) {
    const isNear = Math.abs(found[i]! - score) <= 1e-5 * Math.abs(score) + 1e-6 * Math.max(1, Math.abs(score))
    assert.ok(isNear, `item ${i} scores ${found[i]}, expected ${score}`)
  }
  tally.scores += expected.length
}
