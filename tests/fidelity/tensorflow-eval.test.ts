/** NeuMF through REST predict: HR@10 and NDCG@10 over each user's 1 + 999 items are those that TensorFlow itself found. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type RunningServer, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

interface Evaluation {
  /** The file of rows, seen from the model's folder; the model that has the file itself says how many rows there are. */
  readonly rows: string | number
  readonly signature: string
  readonly user_input: string
  readonly item_input: string
  readonly 'HR@10': number
  readonly 'NDCG@10': number
}

interface User {
  readonly user: number
  /** The positive first, then the negatives. */
  readonly items: readonly number[]
}

const skip = skipWithoutFixtures()
const root = join(fixturesRoot, 'tensorflow')
const evaluated = skip
  ? []
  : readdirSync(root).filter((name) => existsSync(join(root, name, 'eval', 'expected.json')))

const requestsAtOnce = 4

function readUsers(path: string): readonly User[] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n').slice(1)
  const users = new Map<number, { user: number; items: number[] }>()
  for (const line of lines) {
    const [user, item, label] = line.split(',').map(Number)
    const entry = users.get(user!) ?? { user: user!, items: [] }
    assert.equal(label === 1, entry.items.length === 0, 'the positive comes first')
    entry.items.push(item!)
    users.set(user!, entry)
  }
  return [...users.values()]
}

interface Model {
  readonly url: string
  readonly about: Evaluation
  /** Rank of each input: some models take `[n]`, some `[n, 1]`. */
  readonly ranks: ReadonlyMap<string, number>
}

function inputRanks(folder: string, signature: string): Model['ranks'] {
  const { signatures } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
    signatures: Readonly<Record<string, { inputs: Readonly<Record<string, { shape: readonly number[] }>> }>>
  }
  const { inputs } = signatures[signature]!
  return new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape.length]))
}

/** How many negatives score at least as high as the positive. */
const rankOf = ([positive, ...negatives]: readonly number[]): number =>
  negatives.filter((score) => score >= positive!).length

describe('NeuMF ranks through REST as in TensorFlow', { skip }, () => {
  let server: RunningServer
  before(async () => {
    const names = evaluated.map((name) => `--name=${name}=${join(root, name, 'model')}`)
    server = await startServer(['serve', ...names])
  })
  after(() => server?.stop('SIGKILL'))

  /** One user a request: 1,000 rows in columns. */
  async function rankOfUser({ user, items }: User, { url, about, ranks }: Model): Promise<number> {
    const column = (name: string, values: readonly number[]) =>
      ranks.get(name) === 1 ? values : values.map((value) => [value])
    const inputs = {
      [about.user_input]: column(about.user_input, new Array<number>(items.length).fill(user)),
      [about.item_input]: column(about.item_input, items),
    }
    const body = JSON.stringify({ signature_name: about.signature, inputs })
    const response = await fetch(url, { method: 'POST', body })
    const answer = (await response.json()) as { outputs: number[][] }
    assert.equal(response.status, 200, JSON.stringify(answer))
    return rankOf(answer.outputs.flat())
  }

  async function allRanks(users: readonly User[], model: Model): Promise<number[]> {
    const ranks: number[] = []
    const waiting = users[Symbol.iterator]()
    const client = async () => {
      for (const user of waiting) ranks.push(await rankOfUser(user, model))
    }
    await Promise.all(Array.from({ length: requestsAtOnce }, client))
    return ranks
  }

  for (const name of evaluated) {
    test(`${name}: HR@10 and NDCG@10`, async (t) => {
      const folder = join(root, name)
      const about = JSON.parse(readFileSync(join(folder, 'eval', 'expected.json'), 'utf8')) as Evaluation
      const rows = join(folder, typeof about.rows === 'string' ? about.rows : 'eval/ncf_eval.csv.gz')
      const users = readUsers(rows)
      const started = performance.now()
      const url = `${server.url}/v1/models/${name}:predict`
      const ranks = await allRanks(users, { url, about, ranks: inputRanks(folder, about.signature) })
      const hits = ranks.filter((rank) => rank < 10)
      const hitRate = hits.length / users.length
      const gain = hits.reduce((sum, rank) => sum + 1 / Math.log2(rank + 2), 0) / users.length
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      t.diagnostic(`${users.length} users: HR@10 ${hitRate}, NDCG@10 ${gain}, ${seconds} s`)
      assert.equal(ranks.length, users.length)
      assert.ok(Math.abs(hitRate - about['HR@10']) < 1e-9, `HR@10 ${hitRate} instead of ${about['HR@10']}`)
      assert.ok(Math.abs(gain - about['NDCG@10']) < 1e-9, `NDCG@10 ${gain} instead of ${about['NDCG@10']}`)
    })
  }
})
