/**
 * Every `save_knn` and `save_embed` model of the fixtures, served by the built CLI and asked over HTTP, must answer as LibRecommender did:
 * scores within DESIGN 4's tolerance, lists equal up to ties.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { postJson, type RunningServer, startServer } from '../cli.js'
import { skipWithoutFixtures } from '../project.js'
import {
  exportedId,
  type RecordedCase,
  type RecordedModel,
  readJson,
  recordedModels,
} from './libreco-answers.js'
import { assertBestLeft, isEqualByTies, type ServedList } from './libreco-lists.js'

const skip = skipWithoutFixtures()
const tally = { models: 0, lists: 0, ties: 0, scores: 0 }
const leftOut = new Map<string, number>()
function leaveOut(reason: string, count = 1): void {
  leftOut.set(reason, (leftOut.get(reason) ?? 0) + count)
}

describe('LibRecommender models answer over HTTP as the library did', { skip }, () => {
  const models = skip ? [] : recordedModels(['save_knn', 'save_embed']).filter(({ answers }) => answers.cases)
  let server: RunningServer

  before(async () => {
    const names = models.flatMap(({ name, directory }) => ['--name', `${name}=${directory}`])
    server = await startServer(['serve', ...names, '--max-n', '100000'])
  })
  after(async () => {
    await server.stop()
    console.log(
      `compared ${tally.models} models: ${tally.lists} lists (${tally.ties} equal up to ties), ${tally.scores} scores; left out:`,
    )
    for (const [reason, count] of leftOut) console.log(`  ${count} ${reason}`)
  })

  assert.ok(skip || models.length >= 24, `only ${models.length} models were found`)
  for (const model of models) {
    test(model.name, async () => {
      tally.models++
      await compareScores(server.url, model)
      if (losesLabels(model))
        leaveOut(
          'lists of knn models trained with labels, which the export loses',
          model.answers.cases!.length,
        )
      else for (const recorded of model.answers.cases!) await compareLists(server.url, model, recorded)
    })
  }
})

/** Whether the library ranked by similarity times label with labels other than 1 (README, finding 2). */
const losesLabels = ({ name, answers }: RecordedModel) =>
  answers.writer === 'save_knn' && (answers.task === 'rating' || name.includes('labels'))

async function recommend(url: string, model: string, request: Record<string, unknown>): Promise<ServedList> {
  const { status, body } = await postJson(`${url}/v1/recommend/${model}`, request)
  assert.equal(status, 200, JSON.stringify(body))
  return body as ServedList
}

/** The whole catalogue's scores for a user, by item id. */
async function allScores(url: string, { name, answers }: RecordedModel, user: string | number) {
  const { items } = await recommend(url, name, { user, n: answers.n_items, include_consumed: true })
  return new Map(items.map(({ item, score }) => [item, score]))
}

async function compareScores(url: string, model: RecordedModel): Promise<void> {
  const idOfRow = readJson(join(model.directory, 'id2item.json')) as Record<string, string | number>
  for (const { user, inner, values } of model.answers.scores!) {
    if (inner === model.answers.n_users || values === undefined) {
      leaveOut('score vectors of unknown users, which these exports do not hold')
      continue
    }
    const scores = await allScores(url, model, user)
    const largest = Math.max(0, ...values.map((value) => Math.abs(value ?? 0)))
    for (const [row, expected] of values.entries()) {
      const score = scores.get(String(idOfRow[row]))
      if (expected === null || losesLabels(model)) {
        assert.equal(score === undefined, expected === null, `${model.name}: item row ${row} of user ${user}`)
        continue
      }
      const tolerance = 1e-5 * Math.abs(expected) + 1e-6 * Math.max(1, largest)
      assert.ok(
        score !== undefined && Math.abs(score - expected) <= tolerance,
        `${model.name}: user ${user} row ${row}: ${score}, the library says ${expected}`,
      )
      tally.scores++
    }
  }
}

async function compareLists(url: string, model: RecordedModel, recorded: RecordedCase): Promise<void> {
  const { request } = recorded
  if (recorded.random === true) return leaveOut('lists that the library draws at random (unknown users)')
  if (!Array.isArray(recorded.recommend))
    return leaveOut('requests that the library refuses (n_rec over the catalogue)')
  if (request.n_rec === 0) return leaveOut('requests with n_rec 0, which the native route refuses')
  const scores = await allScores(url, model, request.user)
  const isKnn = model.answers.writer === 'save_knn'
  const histories = readJson(join(model.directory, 'user_consumed.json')) as Record<string, number[]>
  const rows = readJson(join(model.directory, 'user2id.json')) as Record<string, number>
  const history = histories[rows[exportedId(request.user)]!] ?? []
  const filters = isKnn || request.n_rec + history.length <= model.answers.n_items

  const unfiltered = await recommend(url, model.name, {
    user: request.user,
    n: request.n_rec,
    include_consumed: true,
  })
  compare(unfiltered, recorded.recommend_unfiltered as (string | number)[], scores)

  if (recorded.random === 'recommend')
    return leaveOut('filtered lists that the library draws at random (knn, nothing left)')
  const filtered = await recommend(url, model.name, { user: request.user, n: request.n_rec })
  if (filters) {
    compare(filtered, recorded.recommend as (string | number)[], scores)
  } else {
    leaveOut('filtered lists where the library stops filtering: checked by score instead')
    const idOfRow = readJson(join(model.directory, 'id2item.json')) as Record<string, string | number>
    const had = new Set(history.map((row) => String(idOfRow[row])))
    assertBestLeft(filtered, { scores, had, n: request.n_rec })
  }
}

function compare(
  answer: ServedList,
  expected: readonly (string | number)[],
  scores: ReadonlyMap<string, number>,
) {
  tally.lists++
  if (isEqualByTies(answer, expected, scores)) tally.ties++
}
