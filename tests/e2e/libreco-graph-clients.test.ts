/** LibRecommender's graphs by the built CLI: libserving's clients as they are, the raw graph beside them, and requests of recserve's own. */
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { postJson, type RunningServer, runCli, startServer } from '../cli.js'
import { type Answers, readJson } from '../fidelity/libreco-answers.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { temporaryFolder } from '../temporary.js'

const root = join(fixturesRoot, 'libreco')
const skip = skipWithoutFixtures()
const modelOf = (name: string) => ['--name', `${name}=${join(root, name, 'model')}`]
const answersOf = (name: string) => readJson(join(root, name, 'answers.json')) as Answers
const served = ['tf-din', 'tf-fm-pure', 'online-din', 'online-rnn4rec', 'tf-transformer-asis']
const choice = ['--libserving-model', 'tf=tf-din', '--libserving-model', 'online=online-din']

interface Listed {
  readonly items: readonly { readonly item: string; readonly score: number }[]
  readonly version: number
  readonly shortfall?: number
  readonly fallback?: string
  readonly warnings?: readonly string[]
}

/** What the library recommends to the requests that have just these fields. */
function recorded(
  name: string,
  fields: readonly string[],
): readonly (readonly [object, readonly string[]])[] {
  return answersOf(name).cases!.flatMap(({ request, recommend, random }) => {
    const isText = request.seq?.some((item) => typeof item === 'string')
    const isSame = JSON.stringify(Object.keys(request)) === JSON.stringify(['user', 'n_rec', ...fields])
    if (!isSame || isText || random || !Array.isArray(recommend) || request.n_rec !== 10) return []
    return [[request, recommend.map(String)] as const]
  })
}

describe('clients of LibRecommender graphs', { skip }, () => {
  let server: RunningServer
  before(async () => {
    server = await startServer(['serve', ...served.flatMap(modelOf), ...choice])
  })
  after(() => server.stop())

  const post = async (path: string, body: unknown) => {
    const response = await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) })
    const { headers, status } = response
    return {
      status,
      warnings: headers.get('x-warnings'),
      body: (await response.json()) as Record<string, string[]>,
    }
  }
  const recommend = async (model: string, body: Record<string, unknown>) => {
    const { status, body: answer } = await postJson(`${server.url}/v1/recommend/${model}`, body)
    assert.equal(status, 200, JSON.stringify(answer))
    return answer as Listed
  }
  const itemsOf = ({ items }: Listed) => items.map(({ item }) => item)

  test("libserving's requests get the library's answers, keyed by the user", async () => {
    for (const [path, name, fields] of [
      ['/tf/recommend', 'tf-din', []],
      ['/tf/recommend', 'tf-din', ['seq']],
      ['/online/recommend', 'online-din', []],
      ['/online/recommend', 'online-din', ['seq']],
      ['/online/recommend', 'online-din', ['user_feats', 'seq']],
    ] as const) {
      const cases = recorded(name, fields)
      assert.ok(cases.length >= 3, `${name} [${fields}]: only ${cases.length} recorded answers`)
      for (const [request, expected] of cases) {
        const { status, body } = await post(path, request)
        assert.equal(status, 200, JSON.stringify(body))
        const { user } = request as { user: string | number }
        // Equal scores may change places: these models have none among their best.
        assert.deepEqual(body, { [`Recommend result for user ${user}`]: expected })
      }
    }
  })

  test('a count may be text, and more than there is gives what there is', async () => {
    const five = await post('/online/recommend', { user: 638, n_rec: '5' })
    assert.equal(Object.values(five.body)[0]!.length, 5)
    const { n_items } = answersOf('online-din')
    const all = await post('/online/recommend', { user: 'nobody', n_rec: 30_000 })
    assert.equal(new Set(Object.values(all.body)[0]).size, n_items)
  })

  test('features that the model does not know are answered without them, and told in a header', async () => {
    const plain = await post('/online/recommend', { user: 638, n_rec: 5 })
    const user_feats = { sex: 'no such', größe: 3 }
    const junk = await post('/online/recommend', { user: 638, n_rec: 5, user_feats, seq: [] })
    assert.deepEqual([junk.status, junk.body], [200, plain.body])
    const warnings = JSON.parse(junk.warnings!) as string[]
    assert.equal(warnings.length, 2)
    assert.match(warnings.join(), /'sex'.*'no such'.*'größe'/s)
    assert.equal(plain.warnings, null)
  })

  test('features that save_tf left out are ignored, as libserving ignores them, and told in a header', async () => {
    const plain = await post('/tf/recommend', { user: 638, n_rec: 5 })
    const told = await post('/tf/recommend', { user: 638, n_rec: 5, user_feats: { sex: 'F' } })
    assert.deepEqual(told.body, plain.body)
    assert.match(told.warnings!, /save_online/)
    const native = await postJson(`${server.url}/v1/recommend/tf-din`, {
      user: 638,
      user_features: { sex: 'F' },
    })
    assert.equal(native.status, 400)
    assert.match(JSON.stringify(native.body), /failed_precondition.*save_online/)
  })

  test('what is no payload is told as libserving tells it', async () => {
    for (const body of [
      { user: 1 },
      { user: 1, n_rec: 1, k: 1 },
      { user: 1, n_rec: 1, user_feats: { a: [1] } },
    ]) {
      const { status, body: answer } = await post('/online/recommend', body)
      assert.equal(status, 400)
      assert.match(String(answer.message), /^Invalid payload: .*, please check key name and value type\.$/)
    }
  })

  test('the raw graph is asked for tensors under the same name and version', async () => {
    const { runs } = readJson(join(root, 'tf-fm-pure', 'graph_io.json')) as { runs: GraphRun[] }
    for (const { inputs, outputs } of runs) {
      const named = Object.fromEntries(inputs.map(({ name, data }) => [name, data]))
      const path = '/v1/models/tf-fm-pure/versions/7:predict'
      const { status, body } = await postJson(server.url + path, { signature_name: 'predict', inputs: named })
      assert.equal(status, 200, JSON.stringify(body))
      // A row of its own is answered as a number: the graph squeezes.
      const found = [(body as { outputs: number | number[] }).outputs].flat()
      assert.equal(found.length, outputs[0]!.data.length)
      for (const [i, value] of found.entries()) assert.ok(Math.abs(value - outputs[0]!.data[i]!) < 1e-5)
    }
    assert.equal((await recommend('tf-fm-pure', { user: 638 })).version, 7)
  })

  test('places are all that a graph of places answers to a client of TensorFlow Serving', async () => {
    const { runs } = readJson(join(root, 'online-rnn4rec', 'graph_io.json')) as { runs: GraphRun[] }
    const { body } = await postJson(`${server.url}/v1/models/online-rnn4rec:predict`, {
      signature_name: 'topk',
      inputs: toNested(runs[0]!),
    })
    assert.deepEqual((body as { outputs: number[] }).outputs, runs[0]!.outputs[0]!.data)
  })

  test('the items of a sequence may come back, unless they shall not', async () => {
    const sequence = recorded('online-rnn4rec', ['seq']).flatMap(
      ([request]) => (request as { seq: number[] }).seq,
    )
    const ids = sequence.map(String)
    const all = { sequence, n: 300 }
    assert.ok(itemsOf(await recommend('online-rnn4rec', all)).some((item) => ids.includes(item)))
    for (const more of [{}, { include_consumed: true }]) {
      const left = itemsOf(await recommend('online-rnn4rec', { ...all, ...more, exclude_sequence: true }))
      assert.ok(left.length > 0 && !left.some((item) => ids.includes(item)))
    }
  })

  test('somebody is answered who is known by features alone', async () => {
    const user_features = { sex: 'F', occupation: 4, age: 1.66 }
    const anonymous = await recommend('online-din', { user_features })
    const unknown = await recommend('online-din', { user: 'unknown-user', user_features })
    assert.deepEqual(anonymous.items, unknown.items)
    assert.deepEqual([anonymous.fallback, anonymous.warnings], ['unknown_user', undefined])
  })

  test('candidates are scored as they are in the catalogue', async () => {
    const all = await recommend('tf-din', { user: 638, n: 300, include_consumed: true })
    const chosen = [all.items[250]!, all.items[3]!, all.items[77]!]
    const candidates = chosen.map(({ item }) => item)
    const few = await recommend('tf-din', { user: 638, candidates, include_consumed: true })
    assert.deepEqual(
      itemsOf(few),
      [all.items[3]!, all.items[77]!, all.items[250]!].map(({ item }) => item),
    )
    for (const { item, score } of few.items) {
      const { score: expected } = all.items.find((other) => other.item === item)!
      assert.ok(Math.abs(score - expected) < 1e-5)
    }
  })

  test('a graph that its exporter left incomplete hinders no other, and says how to export it', async () => {
    const ready = await (await fetch(`${server.url}/readyz`)).text()
    assert.match(ready, /user_interacted_seq, user_interacted_len of Transformer.*save_online/)
    const { status } = await postJson(`${server.url}/v1/recommend/tf-transformer-asis`, { user: 638 })
    assert.equal(status, 503)
  })
})

interface GraphRun {
  readonly inputs: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly data: readonly number[]
  }[]
  readonly outputs: readonly { readonly data: readonly number[] }[]
}

/** Inputs as JSON's lists of lists. */
function toNested({ inputs }: GraphRun): Record<string, unknown> {
  const nested = inputs.map(({ name, shape, data }) => {
    if (shape.length === 0) return [name, data[0]]
    const width = shape[1]
    if (width === undefined) return [name, data]
    return [name, Array.from({ length: shape[0]! }, (_, r) => data.slice(r * width, (r + 1) * width))]
  })
  return Object.fromEntries(nested)
}

describe('LibRecommender graphs, other servers', { skip }, () => {
  test("Rust's clients get Rust's answers", async () => {
    const server = await startServer([
      'serve',
      ...modelOf('online-din'),
      ...modelOf('tf-din'),
      '--libserving-answers',
      'rust',
    ])
    try {
      for (const [path, name] of [
        ['/tf/recommend', 'tf-din'],
        ['/online/recommend', 'online-din'],
      ] as const) {
        for (const [request, expected] of recorded(name, [])) {
          const { user, n_rec } = request as { user: number; n_rec: number }
          const { body } = await postJson(server.url + path, { user: String(user), n_rec, other: 1 })
          assert.deepEqual(body, { rec_list: expected })
        }
      }
      const [[request, expected]] = recorded('online-din', ['user_feats', 'seq']) as [
        [{ user: number }, string[]],
      ]
      const { body } = await postJson(`${server.url}/online/recommend`, {
        ...request,
        user: String(request.user),
      })
      assert.deepEqual(body, { rec_list: expected })
      const number = await fetch(`${server.url}/online/recommend`, {
        method: 'POST',
        body: '{"user": 1, "n_rec": 1}',
      })
      assert.equal(number.status, 400)
    } finally {
      await server.stop()
    }
  })

  test('somebody who has had everything is told so', async () => {
    const folder = join(temporaryFolder('everything'), 'fm')
    await cp(join(root, 'tf-fm-pure', 'model'), folder, { recursive: true })
    const users = JSON.parse(await readFile(join(folder, 'user2id.json'), 'utf8')) as Record<string, number>
    const { n_items } = answersOf('tf-fm-pure')
    const everything = { [users['638']!]: Array.from({ length: n_items }, (_, row) => row) }
    await writeFile(join(folder, 'user_consumed.json'), JSON.stringify(everything))
    const { code, stdout } = await runCli(['recommend', folder, '--user', '638', '-n', '3', '--json'])
    assert.equal(code, 0)
    const { items, shortfall, version } = JSON.parse(stdout) as Listed
    assert.deepEqual([items, shortfall, version], [[], 3, 7])
  })

  test('a reader is answered without a server who is known by a sequence alone', async () => {
    const [[request, expected]] = recorded('online-rnn4rec', ['seq']).filter(
      ([{ user }]: readonly [{ user?: unknown }, readonly string[]]) => user === 'unknown-user',
    ) as [[{ seq: number[] }, string[]]]
    const path = join(root, 'online-rnn4rec', 'model')
    const { code, stdout } = await runCli(['recommend', path, '--sequence', request.seq.join(), '-n', '10'])
    assert.equal(code, 0)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
      expected,
    )
  })

  test('inspect tells the kind, the version, the signatures and why not', async () => {
    const good = await runCli(['inspect', join(root, 'online-din', 'model'), '--json'])
    const [online] = JSON.parse(good.stdout) as {
      kind: string
      version: number
      signatures: { name: string }[]
    }[]
    assert.deepEqual(
      [online!.kind, online!.version, online!.signatures[0]!.name],
      ['libreco-online', 1, 'topk'],
    )
    const bad = await runCli(['inspect', join(root, 'online-sim-asis', 'model')])
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /long_seqs, long_seq_lens, short_seqs, short_seq_lens of SIM/)
  })
})
