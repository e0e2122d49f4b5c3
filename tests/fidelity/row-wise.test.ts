/** Every signature that is said to keep rows apart does: recorded rows are asked one by one and all together. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { joinRows, splitRows } from '../../src/engines/batching/rows.js'
import { type LoadedModel, loadAnySavedModel } from '../../src/engines/tensorflow/saved-model.js'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { toAnyTensor } from './op-cases.js'
import type { RecordedTensor } from './recorded-op.js'
import { differenceOf } from './row-difference.js'

type Tensors = Readonly<Record<string, AnyTensor>>

interface Recorded {
  readonly signature: string
  readonly inputs: Readonly<Record<string, RecordedTensor>>
}

interface RecordedModel {
  readonly name: string
  readonly directory: string
  readonly tags: readonly string[]
  readonly cases: readonly Recorded[]
}

const skip = skipWithoutFixtures()
const readJson = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T

function tensorflowModels(): readonly RecordedModel[] {
  const root = join(fixturesRoot, 'tensorflow')
  const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'cases.json')))
  return names.map((name) => {
    type Case = Recorded & { readonly version?: number; readonly tags?: readonly string[] }
    const { tags, cases } = readJson<{ readonly tags: readonly string[]; readonly cases: readonly Case[] }>(
      join(root, name, 'cases.json'),
    )
    const first = cases.filter((each) => (each.version ?? 1) === 1 && each.tags === undefined)
    return { name, directory: join(root, name, 'model', '1'), tags, cases: first }
  })
}

function librecoModels(): readonly RecordedModel[] {
  const root = join(fixturesRoot, 'libreco')
  const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'graph_io.json')))
  return names.map((name) => {
    interface Run {
      readonly signature: string
      readonly inputs: readonly (RecordedTensor & { readonly name: string })[]
    }
    const io = readJson<{ readonly saved_model: string; readonly runs: readonly Run[] }>(
      join(root, name, 'graph_io.json'),
    )
    const cases = io.runs.map(({ signature, inputs }) => ({
      signature,
      inputs: Object.fromEntries(inputs.map((input) => [input.name, input])),
    }))
    return { name, directory: join(root, name, io.saved_model), tags: ['serve'], cases }
  })
}

/** The rows of recorded requests that are as the signature declares them, by the shapes of a row. */
function rowsByShape(
  model: LoadedModel,
  { cases }: RecordedModel,
  signature: string,
): readonly (readonly Tensors[])[] {
  const declared = model.signatures.get(signature)!.inputs
  const groups = new Map<string, Tensors[]>()
  for (const each of cases.filter((one) => one.signature === signature)) {
    const inputs = Object.fromEntries(
      Object.entries(each.inputs).map(([alias, value]) => [alias, toAnyTensor(value)]),
    )
    const count = Object.values(inputs)[0]?.shape[0] ?? 0
    const fits = [...declared].every(([alias, { shape }]) => {
      const own = inputs[alias]?.shape
      return (
        own?.[0] === count &&
        own.length === shape?.length &&
        own.every((size, d) => shape[d]! < 0 || shape[d] === size)
      )
    })
    if (!fits || count === 0) continue
    const key = JSON.stringify(Object.values(inputs).map(({ shape }) => shape.slice(1)))
    const ones = new Array<number>(count).fill(1)
    const parts = Object.entries(inputs).map(([alias, tensor]) => [alias, splitRows(tensor, ones)] as const)
    const rows = ones.map((_, i) => Object.fromEntries(parts.map(([alias, tensors]) => [alias, tensors[i]!])))
    groups.set(key, [...(groups.get(key) ?? []), ...rows])
  }
  return [...groups.values()]
}

/** Rows asked one by one and together, in an order in which neighbours are not those of the record. */
function checkGroup(model: LoadedModel, signature: string, group: readonly Tensors[]): string | undefined {
  const rows = group.filter((_, i) => i % 2 === 0).concat(group.filter((_, i) => i % 2 === 1).reverse())
  const alone = rows.map((row) => model.run(signature, row))
  const joined = Object.keys(rows[0]!).map((alias) => [alias, joinRows(rows.map((row) => row[alias]!))])
  const together = model.run(signature, Object.fromEntries(joined))
  for (const [alias, tensor] of Object.entries(together)) {
    if (tensor.shape[0] !== rows.length) return `${alias}: ${tensor.shape[0]} rows instead of ${rows.length}`
    const parts = splitRows(tensor, new Array<number>(rows.length).fill(1))
    for (const [i, part] of parts.entries()) {
      const fault = differenceOf(part, alone[i]![alias]!)
      if (fault) return `${alias}, row ${i} of ${rows.length}: ${fault}`
    }
  }
  return undefined
}

interface Tally {
  readonly proven: string[]
  readonly refused: Map<string, string[]>
  rows: number
}

async function checkModel(
  recorded: RecordedModel,
  lowering: boolean,
  tally: Tally,
): Promise<readonly string[]> {
  const { name, directory, tags } = recorded
  const model = await loadAnySavedModel(directory, { tags, lowering })
  try {
    const faults: string[] = []
    for (const signature of model.signatures.keys()) {
      const reason = model.whyNotRowWise(signature)
      if (reason === undefined) tally.proven.push(`${name} ${signature}`)
      else {
        const blamed = reason.replace(/ \(.*/, '')
        tally.refused.set(blamed, [...(tally.refused.get(blamed) ?? []), `${name} ${signature}`])
        continue
      }
      for (const group of rowsByShape(model, recorded, signature)) {
        tally.rows += group.length
        const fault = checkGroup(model, signature, group)
        if (fault) faults.push(`${name} ${signature}: ${fault}`)
      }
    }
    return faults
  } finally {
    model.close()
  }
}

for (const lowering of [false, true]) {
  describe(`signatures said to be row-wise are, ${lowering ? 'with ONNX Runtime' : 'on kernels'}`, {
    skip,
  }, () => {
    const tally: Tally = { proven: [], refused: new Map(), rows: 0 }
    for (const recorded of skip ? [] : [...tensorflowModels(), ...librecoModels()]) {
      test(recorded.name, async () => {
        assert.deepEqual(await checkModel(recorded, lowering, tally), [])
      })
    }
    test('in all', () => {
      const refused = [...tally.refused].sort(([, a], [, b]) => b.length - a.length)
      const count = refused.reduce((sum, [, names]) => sum + names.length, 0)
      console.log(
        `${tally.proven.length} signatures are row-wise (${tally.rows} rows compared), ${count} may not be:`,
      )
      for (const [blamed, names] of refused)
        console.log(`  ${names.length} ${blamed}: ${names.slice(0, 3).join(', ')}`)
      assert.ok(tally.rows > tally.proven.length)
    })
  })
}
