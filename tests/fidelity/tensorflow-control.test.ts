/** Small graphs with variables, functions, loops and lists: what TensorFlow answers, the executor must. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { LoadedGraph } from '../../src/engines/tensorflow/loaded-graph.js'
import type { AnyTensor } from '../../src/engines/tensorflow/op.js'
import { ops } from '../../src/engines/tensorflow/ops/index.js'
import { parseGraphDef } from '../../src/formats/tensorflow/saved-model.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { compareTensors, opFamilies, toAnyTensor } from './op-cases.js'
import type { OpCase } from './recorded-op.js'

interface GraphCase extends OpCase {
  readonly graph: string
  readonly init: string
  readonly feeds: readonly string[]
  readonly fetches: readonly string[]
}

const skip = skipWithoutFixtures()

function readGraphCases(family: string): GraphCase[] {
  const text = readFileSync(join(fixturesRoot, 'tensorflow', 'ops', `${family}.json`), 'utf8')
  return (JSON.parse(text) as { cases: OpCase[] }).cases.filter(
    (each): each is GraphCase => each.graph !== undefined,
  )
}

/** Cases with tables name the initialiser of the variables; the recorded session ran the one of both, which has the next name. */
function initOf(graph: LoadedGraph, init: string): string {
  return graph.has(`${init}_1`) ? `${init}_1` : init
}

/** What is wrong with the answer; undefined where nothing is. */
function check({ graph: text, init, feeds, fetches, inputs, outputs, error }: GraphCase): string | undefined {
  const graph = new LoadedGraph(parseGraphDef(Buffer.from(text, 'base64')), ops)
  try {
    const started = graph.flatten({ feeds: [], fetches: [], targets: [initOf(graph, init)] })
    graph.run(graph.compile(started), [])
    const answers = graph.run(graph.compile(graph.flatten({ feeds, fetches })), inputs.map(toAnyTensor))
    if (error) return `answers where TensorFlow refuses: ${error.code}`
    return answers
      .map((answer, i) => compareTensors(answer as AnyTensor, toAnyTensor(outputs![i]!)))
      .find((fault) => fault !== undefined)
  } catch (thrown) {
    if (!(thrown instanceof RecserveError)) throw thrown
    if (!error)
      return `refuses: ${thrown.code} ${thrown.message} ${(thrown.cause as Error | undefined)?.stack}`
    if (thrown.code !== error.code.toLowerCase()) return `refuses with ${thrown.code}, not ${error.code}`
    if (error.message === null || thrown.message.split('\n')[0] === error.message.split('\n')[0])
      return undefined
    return `says '${thrown.message}', not '${error.message}'`
  }
}

/** Ops the case's graph needs that nobody has yet. */
function missing({ graph: text, init, feeds, fetches }: GraphCase): string[] {
  const graph = new LoadedGraph(parseGraphDef(Buffer.from(text, 'base64')), ops)
  return [...graph.missingOps(graph.flatten({ feeds, fetches, targets: [initOf(graph, init)] })).keys()]
}

describe('graphs of the op table answer as in TensorFlow', { skip }, () => {
  for (const family of skip ? [] : opFamilies()) {
    const cases = readGraphCases(family)
    if (cases.length === 0) continue
    test(family, () => {
      const able = cases.filter((each) => missing(each).length === 0)
      const lacking = new Set(cases.flatMap(missing))
      const faults = able.flatMap((each, i) => {
        const fault = check(each)
        return fault === undefined ? [] : [`${each.op} ${i}: ${fault}`]
      })
      const left = lacking.size > 0 ? `, ${cases.length - able.length} need ${[...lacking].join(', ')}` : ''
      console.log(`${family}: ${able.length - faults.length} of ${cases.length} graphs${left}`)
      assert.deepEqual(faults, [])
      if (family === 'control') assert.equal(able.length, cases.length)
    })
  }
})
