/** Every RecBole architecture against the answers of the library, request by request and all requests in one run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasRuntime } from '../../src/engines/onnx/runtime.js'
import type { EncoderQuery } from '../../src/models/recbole/architecture.js'
import { bert4Rec } from '../../src/models/recbole/architectures/bert4rec.js'
import { architectures } from '../../src/models/recbole/architectures/index.js'
import { skipWithoutFixtures } from '../project.js'
import { type RecBoleCase, type RecBoleFixture, readAnswers, readFixture } from './recbole-fixture.js'
import { openScored, type ScoredModel } from './recbole-scores.js'

const skip = skipWithoutFixtures() || (!hasRuntime() && 'no native runtime for this platform')

/** What a score may be off, relative to itself. Sums are taken in another order than PyTorch's. */
const tolerance = 1e-5

/** And relative to the largest score of its request: a score near 0 is a difference of large products. */
const scaleTolerance = 1e-6

for (const answers of skip ? [] : readAnswers()) {
  test(`answers as RecBole does: ${answers.name}`, async (t) => {
    const architecture = architectures.find(({ className }) => className === answers.model)
    assert.ok(architecture, `${answers.model} is not in the list`)
    const fixture = await readFixture(answers)
    const model = openScored(architecture.build(fixture.context), fixture.context)
    t.after(() => model.close())
    const compared = new Comparison()
    for (const recorded of answers.cases) compareCase(recorded, { fixture, model, compared })
    const queries = answers.cases.map(({ request }) => fixture.toQuery(request))
    compareBatch([...queries, ...oddQueries(fixture)], model)
    t.diagnostic(
      `${answers.cases.length} requests, ${compared.count} scores, largest error ${compared.worst.toExponential(1)}`,
    )
  })
}

test('BERT4Rec corrected answers as RecBole does for a request with an older item before', {
  skip,
}, async (t) => {
  const { context, toQuery, answers } = await readFixture(
    readAnswers().find(({ name }) => name === 'BERT4Rec')!,
  )
  const open = (corrected: boolean) => openScored(bert4Rec.build({ ...context, corrected }), context)
  const [plain, corrected] = [open(false), open(true)]
  t.after(() => {
    for (const model of [plain, corrected]) model.close()
  })
  const queries = answers.cases.map(({ request }) => toQuery(request))
  const short = queries.filter(({ sequence }) => sequence.length < context.maxLength)
  assert.ok(short.length >= 5)
  const longer = short.map((query) => ({ ...query, sequence: Int32Array.of(9, ...query.sequence) }))
  const expected = plain.scores(longer)
  for (const [b, scores] of corrected.scores(short).entries()) {
    for (const [id, score] of scores.entries()) {
      assert.ok(Math.abs(score - expected[b]![id]!) < 1e-5, `request ${b}, id ${id}`)
    }
  }
})

test('the list of architectures names every class once', { skip }, () => {
  const names = architectures.map(({ className }) => className)
  assert.deepEqual(names, [...new Set(names)])
})

/** Compares numbers, and remembers how far off they were. */
class Comparison {
  count = 0
  /** Largest difference, relative to the largest score of its request. */
  worst = 0

  scores(actual: number, expected: number, { scale, what }: { scale: number; what: string }): void {
    this.count++
    if (actual === expected) return
    const difference = Math.abs(actual - expected)
    const allowed = tolerance * Math.abs(expected) + scaleTolerance * scale
    const isClose = Number.isFinite(difference) && difference <= allowed
    assert.ok(isClose, `${what}: ${actual}, RecBole has ${expected}`)
    this.worst = Math.max(this.worst, difference / scale)
  }
}

interface CaseOptions {
  readonly fixture: RecBoleFixture
  readonly model: ScoredModel
  readonly compared: Comparison
}

function compareCase(recorded: RecBoleCase, { fixture, model, compared }: CaseOptions): void {
  const { request, top = [], scores: expected } = recorded
  const query = fixture.toQuery(request)
  const candidates = request.candidates?.map((token) => fixture.itemIds.get(token)!)
  const actual = candidates ? model.candidateScores(query, candidates) : model.scores([query])[0]!
  const scale = largest(actual)
  const what = `sequence of ${request.sequence.length}`
  for (const [i, score] of expected?.entries() ?? []) {
    compared.scores(actual[i]!, toNumber(score), { scale, what: `${what}, id ${i}` })
  }
  const best = [...actual.keys()].filter((id) => id > 0).sort((a, b) => actual[b]! - actual[a]!)
  for (const [rank, { item, score }] of top.entries()) {
    const options = { scale, what: `${what}, rank ${rank}` }
    compared.scores(actual[fixture.itemIds.get(item)!]!, score, options)
    compared.scores(actual[best[rank]!]!, score, options)
  }
}

/** No request changes another's answer, whatever their lengths. */
function compareBatch(queries: readonly EncoderQuery[], model: ScoredModel): void {
  const together = model.scores(queries)
  for (const [b, query] of queries.entries()) {
    const alone = model.scores([query])[0]!
    const scale = largest(alone)
    for (const [id, score] of alone.entries()) {
      const other = together[b]![id]!
      const isClose = other === score || Math.abs(other - score) <= 5e-6 * scale
      assert.ok(isClose, `request ${b}, id ${id}: ${other} in a batch, ${score} alone`)
    }
  }
}

/** Requests at the edges: one item, one item over and over, all of the length, two items in turn. */
function oddQueries({ context: { itemCount, maxLength } }: RecBoleFixture): readonly EncoderQuery[] {
  const of = (length: number, id: (t: number) => number) => ({
    sequence: Int32Array.from({ length: Math.min(length, maxLength) }, (_, t) => id(t)),
    user: 1,
  })
  return [
    of(1, () => itemCount - 1),
    of(3, () => 7),
    of(maxLength, () => 5),
    of(maxLength, (t) => 1 + t),
    of(Math.max(1, maxLength - 1), (t) => 1 + (t % 2)),
  ]
}

/** Of the finite ones. */
const largest = (scores: Float32Array): number =>
  scores.reduce((most, score) => (Number.isFinite(score) ? Math.max(most, Math.abs(score)) : most), 0)

const toNumber = (score: number | '-inf' | null): number =>
  score === '-inf' ? -Infinity : (score ?? Number.NaN)
