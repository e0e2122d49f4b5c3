/** RecBole's sequential checkpoints served by the built CLI, asked over HTTP, and held against what the library answered. */
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { postJson, type RunningServer, startServer } from '../cli.js'
import { fixturesRoot } from '../project.js'
import { temporaryFolder } from '../temporary.js'
import { type RecBoleAnswers, type RecBoleCase, readAnswers } from './recbole-fixture.js'

/** What came of one model. */
export interface Comparison {
  readonly name: string
  readonly className: string
  readonly cases: number
  readonly scores: number
  /** Of |served - recorded| / max(1, largest |recorded| of the case). */
  readonly largestError: number
  /** Scores further off than DESIGN 4 allows, and lists that differ by more than near ties. */
  readonly faults: readonly string[]
}

interface Answer {
  readonly score_list: readonly number[]
  readonly item_list: readonly string[]
}

const root = join(fixturesRoot, 'recbole')

/**
 * Sums of thousands of terms in another order (transforms, long convolutions): DESIGN 4's wider tolerance. Probabilities of some
 * 250 items are near 1/250, and so is what is allowed of them.
 */
const isSummedOtherwise = ['FEARec', 'RepeatNet', 'GRU4RecCPR', 'SASRecCPR']

/** Serves every sequential fixture, each in a folder of its own, and compares all its cases. */
export async function compareRecBole(onModel: (comparison: Comparison) => void): Promise<void> {
  const answers = readAnswers()
  const folder = temporaryFolder('recbole')
  for (const model of answers) await link(model, folder)
  const server = await startServer(['serve', folder, '--max-n', '100000'])
  try {
    for (const model of answers)
      onModel(await compareModel(server, model).catch((error) => failed(model, error)))
  } finally {
    await server.stop()
  }
}

/** The checkpoint and, beside it, the data set file that RecBole saved with it. */
async function link({ name, dataset_file }: RecBoleAnswers, folder: string): Promise<void> {
  const directory = join(folder, name.toLowerCase())
  await mkdir(directory)
  for (const file of readdirSync(join(root, name)).filter((each) => each.endsWith('.pth'))) {
    symlinkSync(join(root, name, file), join(directory, file))
  }
  symlinkSync(join(root, dataset_file), join(directory, basename(dataset_file)))
}

async function compareModel({ url }: RunningServer, model: RecBoleAnswers): Promise<Comparison> {
  const faults: string[] = []
  let scores = 0
  let largestError = 0
  const relative = isSummedOtherwise.includes(model.model) ? 1e-4 : 1e-5
  for (const [index, recorded] of model.cases.entries()) {
    const served = await ask(url, model, recorded)
    const expected = expectedScores(model, recorded)
    const scale = Math.max(1, ...[...expected.values()].filter(Number.isFinite).map(Math.abs))
    for (const [item, score] of expected) {
      const found = served.get(item)
      if (found === undefined || !Number.isFinite(score)) continue
      const error = Math.abs(found - score)
      scores++
      largestError = Math.max(largestError, error / scale)
      if (error > relative * Math.abs(score) + 1e-6 * scale) {
        faults.push(`case ${index}: ${item} has ${found}, RecBole gave ${score}`)
      }
    }
    faults.push(...listFaults(recorded, served, relative * scale).map((fault) => `case ${index}: ${fault}`))
  }
  return {
    name: model.name,
    className: model.model,
    cases: model.cases.length,
    scores,
    largestError,
    faults,
  }
}

const failed = ({ name, model }: RecBoleAnswers, error: unknown): Comparison => ({
  name,
  className: model,
  cases: 0,
  scores: 0,
  largestError: 0,
  faults: [String(error)],
})

/** Score by item, best first. */
async function ask(
  url: string,
  { name, n_items }: RecBoleAnswers,
  { request }: RecBoleCase,
): Promise<ReadonlyMap<string, number>> {
  const model = name.toLowerCase()
  if (request.candidates) {
    const body = { ...request, n: request.candidates.length, include_consumed: true }
    const answer = await post<{ readonly items: readonly { item: string; score: number }[] }>(
      `${url}/v1/recommend/${model}`,
      body,
    )
    return new Map(answer.items.map(({ item, score }) => [item, score]))
  }
  const answer = await post<Answer>(`${url}/v1/${model}/user_to_item`, { ...request, topk: n_items })
  return new Map(answer.item_list.map((item, i) => [item, answer.score_list[i]!]))
}

function expectedScores(model: RecBoleAnswers, { request, scores, top = [] }: RecBoleCase) {
  const toNumber = (score: number | '-inf' | null): number =>
    score === '-inf' ? Number.NEGATIVE_INFINITY : (score ?? Number.NaN)
  if (!scores) return new Map(top.map(({ item, score }) => [item, score]))
  const names = request.candidates ?? tokensOf(model)
  return new Map(scores.map((score, i) => [names[i]!, toNumber(score)]))
}

/** Items by internal id. */
function tokensOf({ tokens }: RecBoleAnswers): readonly string[] {
  return (JSON.parse(readFileSync(join(root, tokens), 'utf8')) as { readonly item_id: string[] }).item_id
}

async function post<T>(url: string, request: unknown): Promise<T> {
  const { status, body } = await postJson(url, request)
  if (status !== 200) throw new Error(`${url} answered ${status}: ${JSON.stringify(body)}`)
  return body as T
}

/** Places of the top list where another item stands whose score is not nearly the same. */
function listFaults(
  { top = [] }: RecBoleCase,
  served: ReadonlyMap<string, number>,
  tolerance: number,
): readonly string[] {
  const items = [...served.keys()]
  return top.flatMap(({ item, score }, place) => {
    const other = items[place]
    if (other === item) return []
    const isTie = other !== undefined && Math.abs(served.get(other)! - score) <= 2 * tolerance
    return isTie ? [] : [`place ${place} has ${other}, RecBole gave ${item}`]
  })
}
