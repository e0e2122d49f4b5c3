/**
 * Every natively saved model of the fixtures that holds its vectors or similarities, served by the built CLI and asked over
 * HTTP, must answer as LibRecommender did: scores within DESIGN 4's tolerance, lists equal up to ties. Those that hold
 * neither are refused beside them.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readNpzArrays } from '../../src/formats/npz-arrays.js'
import { readPickle } from '../../src/formats/pickle/pickle.js'
import { postJson, type RunningServer, runCli, startServer } from '../cli.js'
import { skipWithoutFixtures } from '../project.js'
import { type RecordedCase, type RecordedModel, recordedModels } from './libreco-answers.js'
import { assertBestLeft, isEqualByTies, type ServedList } from './libreco-lists.js'

interface Served extends ServedList {
  readonly fallback?: string
}

/** What the folder says of rows, which the recorded scores are told by. */
interface Rows {
  readonly items: readonly string[]
  /** Item ids by user id. */
  readonly histories: ReadonlyMap<string, readonly string[]>
}

const skip = skipWithoutFixtures()
const writer = "model.save(path, 'm') + data_info.save(path, 'm')"
const recorded = skip ? [] : recordedModels([writer])
const isGraph = ({ answers }: RecordedModel) => answers.algorithm === 'DIN'
const isKnn = ({ answers }: RecordedModel) => ['UserCF', 'ItemCF'].includes(answers.algorithm)
const tally = { models: 0, lists: 0, ties: 0, scores: 0 }
const leftOut = new Map<string, number>()
function leaveOut(reason: string): void {
  leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1)
}

describe('natively saved models answer over HTTP as the library did', { skip }, () => {
  let server: RunningServer

  before(async () => {
    const names = recorded.flatMap(({ name, directory }) => ['--name', `${name}=${directory}`])
    server = await startServer(['serve', ...names, '--max-n', '100000'])
  })
  after(async () => {
    await server.stop()
    console.log(
      `compared ${tally.models} models: ${tally.lists} lists (${tally.ties} equal up to ties), ${tally.scores} scores; left out:`,
    )
    for (const [reason, count] of leftOut) console.log(`  ${count} ${reason}`)
  })

  const servable = recorded.filter((model) => !isGraph(model))
  assert.ok(skip || servable.length >= 4, `only ${servable.length} models were found`)
  for (const model of servable) {
    test(model.name, async () => {
      tally.models++
      const rows = await readRows(model.directory)
      await compareScores(server.url, model, rows)
      for (const one of model.answers.cases!) await compareLists(server.url, { model, rows }, one)
      await compareStrangers(server.url, model)
    })
  }

  for (const { name, directory } of recorded.filter(isGraph)) {
    test(`${name} is refused, saying how to export it`, async () => {
      const { status } = await postJson(`${server.url}/v1/recommend/${name}`, { user: 'x', n: 1 })
      assert.equal(status, 503)
      assert.match(
        server.output.stderr,
        new RegExp(`${name}.*of DIN and no graph.*save_online\\(path, model\\)`),
      )
      const { stdout } = await runCli(['inspect', directory])
      assert.match(stdout, /libreco-native[\s\S]*servable {3}no: m_tf_variables.npz holds the weights of DIN/)
    })
  }

  test('an unknown user is offered what most users had, where similarities alone are known', async () => {
    const models = servable.filter(isKnn)
    const names = models.flatMap(({ name, directory }) => ['--name', `${name}=${directory}`])
    const popular = await startServer(['serve', ...names, '--fallback', 'popular', '--max-n', '1000'])
    try {
      for (const { name, answers } of models) {
        const { items, fallback } = await recommend(popular.url, name, {
          user: 'no such user',
          n: answers.n_items,
        })
        assert.equal(fallback, 'popular')
        // The library's order among equally popular items is not defined: their counts must be the same, place by place.
        const countOf = new Map(items.map(({ item, score }) => [item, score]))
        const expected = answers.popular_items.map((item) => countOf.get(String(item)))
        assert.deepEqual(
          expected,
          items.slice(0, expected.length).map(({ score }) => score),
        )
      }
    } finally {
      await popular.stop()
    }
  })
})

test('recommend answers from a natively saved folder', { skip }, async () => {
  const { directory, answers } = recorded.find(({ name }) => name === 'native-als')!
  const one = answers.cases!.find(({ request, random }) => request.n_rec === 5 && !random)!
  const { code, stdout } = await runCli([
    'recommend',
    directory,
    '--user',
    String(one.request.user),
    '-n',
    '5',
  ])
  assert.equal(code, 0)
  const items = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[0])
  assert.deepEqual(items, (one.recommend as readonly number[]).map(String))
})

async function readRows(directory: string): Promise<Rows> {
  const names = ['user_unique_vals', 'item_unique_vals']
  const arrays = await readNpzArrays(join(directory, 'm_data_info.npz'), { names, maxBytes: 1e8 })
  const [users, items] = names.map((name) => arrays.get(name)!.toValues().map(String)) as [string[], string[]]
  const consumed = await readPickle(join(directory, 'm_user_consumed.pkl'), { maxBytes: 1e8 })
  const histories = [...(consumed as ReadonlyMap<number, readonly number[]>)].map(
    ([user, history]) => [users[user]!, history.map((row) => items[row]!)] as const,
  )
  return { items, histories: new Map(histories) }
}

async function recommend(url: string, model: string, request: Record<string, unknown>): Promise<Served> {
  const { status, body } = await postJson(`${url}/v1/recommend/${model}`, request)
  assert.equal(status, 200, JSON.stringify(body))
  return body as Served
}

/** The whole catalogue's scores for a user, by item id. */
async function allScores(url: string, { name, answers }: RecordedModel, user: string | number) {
  const { items } = await recommend(url, name, { user, n: answers.n_items, include_consumed: true })
  return new Map(items.map(({ item, score }) => [item, score]))
}

async function compareScores(url: string, model: RecordedModel, { items }: Rows): Promise<void> {
  for (const { user, values } of model.answers.scores!) {
    const scores = await allScores(url, model, user)
    const largest = Math.max(0, ...values!.map((value) => Math.abs(value ?? 0)))
    for (const [row, expected] of values!.entries()) {
      const score = scores.get(items[row]!)
      const tolerance = 1e-5 * Math.abs(expected ?? 0) + 1e-6 * Math.max(1, largest)
      const isEqual =
        expected === null
          ? score === undefined
          : score !== undefined && Math.abs(score - expected) <= tolerance
      assert.ok(isEqual, `${model.name}: user ${user} row ${row}: ${score}, the library says ${expected}`)
      tally.scores++
    }
  }
}

async function compareLists(
  url: string,
  { model, rows }: { readonly model: RecordedModel; readonly rows: Rows },
  { request: { user, n_rec: n }, ...answers }: RecordedCase,
): Promise<void> {
  if (answers.random === true) return leaveOut('lists that the library draws at random (unknown users)')
  if (!Array.isArray(answers.recommend))
    return leaveOut('requests that the library refuses (n_rec over the catalogue)')
  if (n === 0) return leaveOut('requests with n_rec 0, which the native route refuses')
  const scores = await allScores(url, model, user)
  const history = rows.histories.get(String(user)) ?? []
  const compare = (answer: ServedList, expected: RecordedCase['recommend']) => {
    tally.lists++
    if (isEqualByTies(answer, expected as readonly string[], scores)) tally.ties++
  }
  compare(await recommend(url, model.name, { user, n, include_consumed: true }), answers.recommend_unfiltered)
  if (answers.random === 'recommend')
    return leaveOut('filtered lists that the library draws at random (knn, nothing left)')
  const filtered = await recommend(url, model.name, { user, n })
  if (isKnn(model) || n + history.length <= model.answers.n_items) return compare(filtered, answers.recommend)
  leaveOut('filtered lists where the library stops filtering: checked by score instead')
  assertBestLeft(filtered, { scores, had: new Set(history), n })
}

/** A user nobody knows: the ranking that the library draws its cold start from, or nothing. */
async function compareStrangers(url: string, model: RecordedModel): Promise<void> {
  const user = 'no such user'
  if (isKnn(model)) {
    const { status } = await postJson(`${url}/v1/recommend/${model.name}`, { user, n: 3 })
    assert.equal(status, 404)
    return
  }
  const expected = model.answers.default_recs!
  const answer = await recommend(url, model.name, { user, n: expected.length })
  assert.equal(answer.fallback, 'unknown_user')
  tally.lists++
  if (isEqualByTies(answer, expected, await allScores(url, model, user))) tally.ties++
}
