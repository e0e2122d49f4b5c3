/** ONNX pieces against the kernels they stand for: every recorded case of a model and of an op runs both ways. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { hasRuntime } from '../../src/engines/onnx/runtime.js'
import { lowerings } from '../../src/engines/tensorflow/lowering/index.js'
import { openPieceRuntime, type PieceRuntime } from '../../src/engines/tensorflow/lowering/session.js'
import type { AnyTensor } from '../../src/engines/tensorflow/op.js'
import { pureOps } from '../../src/engines/tensorflow/ops/index.js'
import {
  type LoadedModel,
  type LoadOptions,
  loadSavedModel,
} from '../../src/engines/tensorflow/saved-model.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { differenceOf, runLowered } from './lowered-op.js'
import type { ModelCases } from './model-cases.js'
import { readOpCases, toAnyTensor, toAttributes } from './op-cases.js'
import type { OpCase, RecordedTensor } from './recorded-op.js'

const skip = skipWithoutFixtures() || (hasRuntime() ? false : 'no runtime for this platform')

interface Run {
  readonly signature: string
  readonly inputs: Readonly<Record<string, RecordedTensor>>
}

interface Model {
  readonly name: string
  readonly directory: string
  readonly tags: readonly string[]
  readonly runs: readonly Run[]
}

const readJson = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T

function* tensorflowModels(): Generator<Model> {
  const root = join(fixturesRoot, 'tensorflow')
  for (const name of readdirSync(root)) {
    if (!existsSync(join(root, name, 'cases.json'))) continue
    const { tags, cases, errors = [] } = readJson<ModelCases>(join(root, name, 'cases.json'))
    const groups = groupBy([...cases, ...errors], (each) => `${each.version ?? 1}\n${each.tags ?? tags}`)
    for (const [key, runs] of groups) {
      const directory = join(root, name, 'model', key.split('\n')[0]!)
      yield { name: `${name} ${key.replace('\n', ' ')}`, directory, tags: runs[0]!.tags ?? tags, runs }
    }
  }
}

function* libraryModels(): Generator<Model> {
  const root = join(fixturesRoot, 'libreco')
  for (const name of readdirSync(root)) {
    if (!existsSync(join(root, name, 'graph_io.json'))) continue
    const io = readJson<{
      readonly saved_model: string
      readonly runs: readonly {
        readonly signature: string
        readonly inputs: readonly (RecordedTensor & { readonly name: string })[]
      }[]
    }>(join(root, name, 'graph_io.json'))
    const runs = io.runs.map(({ signature, inputs }) => ({
      signature,
      inputs: Object.fromEntries(inputs.map((input) => [input.name, input])),
    }))
    yield { name, directory: join(root, name, io.saved_model), tags: ['serve'], runs }
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

async function load({ directory, tags }: Model, options: LoadOptions): Promise<LoadedModel | undefined> {
  try {
    return await loadSavedModel(directory, { tags, ...options })
  } catch (error) {
    if (error instanceof RecserveError) return undefined
    throw error
  }
}

type Answer = Readonly<Record<string, AnyTensor>> | RecserveError

function answer(model: LoadedModel, { signature, inputs }: Run): Answer {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([alias, value]) => [alias, toAnyTensor(value)]),
  )
  try {
    return model.run(signature, feeds)
  } catch (error) {
    if (error instanceof RecserveError) return error
    throw error
  }
}

function faultOf(lowered: Answer, kernels: Answer): string | undefined {
  if (lowered instanceof RecserveError && kernels instanceof RecserveError && lowered.code === kernels.code) {
    // Which of two faults is met first is the order of the plan.
    return undefined
  }
  if (lowered instanceof RecserveError || kernels instanceof RecserveError) {
    const text = (one: Answer) => (one instanceof RecserveError ? `${one.code} ${one.message}` : 'answers')
    return text(lowered) === text(kernels) ? undefined : `${text(lowered)}, kernels: ${text(kernels)}`
  }
  for (const [alias, value] of Object.entries(kernels)) {
    const fault = differenceOf(lowered[alias]!, value)
    if (fault) return `${alias}: ${fault}`
  }
  return undefined
}

describe('SavedModels answer with weights mapped from their files as with weights in memory', {
  skip,
}, () => {
  for (const each of skip ? [] : [...tensorflowModels(), ...libraryModels()]) {
    test(each.name, async () => {
      const mapped = await load(each, { lowering: 'always', immutable: 'all' })
      const read = await load(each, { lowering: false })
      assert.equal(mapped === undefined, read === undefined)
      if (!mapped || !read) return
      const runs = each.runs.filter(({ signature }) => read.signatures.has(signature))
      const faults = runs.flatMap((run) => faultOf(answer(mapped, run), answer(read, run)) ?? [])
      assert.deepEqual([...new Set(faults)], [])
      assert.deepEqual(mapped.lowering!.refused, [])
    })
  }
})

describe('SavedModels answer with ONNX pieces as on kernels', { skip }, () => {
  const total = {
    models: 0,
    withPieces: 0,
    pieces: 0,
    lowered: 0,
    host: 0,
    cases: 0,
    runs: 0,
    onRuntime: 0,
    onKernels: 0,
  }
  const kept = new Map<string, number>()
  for (const each of skip ? [] : [...tensorflowModels(), ...libraryModels()]) {
    test(each.name, async () => {
      const lowered = await load(each, { lowering: 'always' })
      const kernels = await load(each, { lowering: false })
      assert.equal(lowered === undefined, kernels === undefined)
      if (!lowered || !kernels) return
      const faults: string[] = []
      // Twice, because a plan that could not be warmed is lowered by its first run.
      for (const run of [...each.runs, ...each.runs]) {
        if (!kernels.signatures.has(run.signature)) continue
        const fault = faultOf(answer(lowered, run), answer(kernels, run))
        if (fault) faults.push(`${run.signature}: ${fault}`)
        total.runs++
      }
      const { pieces, stepsLowered, kept: host, refused, runs } = lowered.lowering!
      assert.deepEqual([...new Set(faults)], [])
      assert.deepEqual(refused, [])
      for (const [op, count] of host) kept.set(op, (kept.get(op) ?? 0) + count)
      total.models++
      total.onRuntime += runs.runtime
      total.onKernels += runs.kernels
      total.cases += each.runs.length
      total.withPieces += pieces > 0 ? 1 : 0
      total.pieces += pieces
      total.lowered += stepsLowered
      total.host += [...host.values()].reduce((sum, count) => sum + count, 0)
      lowered.close()
    })
  }
  test('in all', () => {
    console.log(JSON.stringify(total))
    const ops = [...kept].sort((a, b) => b[1] - a[1]).slice(0, 40)
    console.log(`on kernels: ${ops.map(([op, count]) => `${op} ${count}`).join(', ')}`)
  })
})

describe('single ops answer in ONNX as on kernels', { skip }, () => {
  for (const constants of [true, false]) {
    const total = { cases: 0, declined: 0, refused: 0, run: 0 }
    const ops = new Set<string>()
    for (const family of skip ? [] : ['array', 'math', 'nn']) {
      test(`${family}, other inputs ${constants ? 'known' : 'fed'}`, () => {
        const runtime = openPieceRuntime({ intraOpThreads: 1 })!
        const faults: string[] = []
        for (const each of readOpCases(family).cases) {
          if (each.note === 'only output 0 is recorded' || !lowerings.has(each.op)) continue
          total.cases++
          const fault = checkLowered(each, { runtime, constants, total, ops })
          if (fault) faults.push(`${each.op} ${JSON.stringify(each).slice(0, 300)}: ${fault}`)
        }
        assert.deepEqual(faults, [])
      })
    }
    test('in all', () => console.log(`${ops.size} ops, ${JSON.stringify(total)}`))
  }
})

interface Check {
  readonly runtime: PieceRuntime
  readonly constants: boolean
  readonly total: { declined: number; refused: number; run: number }
  readonly ops: Set<string>
}

function checkLowered(recorded: OpCase, { runtime, constants, total, ops }: Check): string | undefined {
  const inputs = recorded.inputs.map(toAnyTensor)
  let expected: readonly AnyTensor[] | undefined
  try {
    const attrs = toAttributes(recorded.attrs)
    const context = { node: 'case', op: recorded.op, attrs, checkDeadline: () => {} }
    expected = pureOps[recorded.op]!.kernel(inputs, context)
  } catch {
    // Refused: so the runtime must do too, whatever was seen before.
  }
  const seen = expected ?? inputs.slice(0, 1)
  let answers: ReturnType<typeof runLowered>
  try {
    answers = runLowered(recorded, seen, { runtime, constants })
  } catch (error) {
    return expected ? `does not open: ${error}` : undefined
  }
  if (answers === 'declined') total.declined++
  else if (answers === 'refused') total.refused++
  if (typeof answers === 'string') return undefined
  if (!expected) return 'answers where the kernel refuses'
  total.run++
  ops.add(recorded.op)
  return answers.map((answer, i) => differenceOf(answer, expected[i]!)).find((fault) => fault !== undefined)
}
