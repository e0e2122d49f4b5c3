/**
 * TensorFlow Serving's REST predict at batch 1: requests per second with one and with 64 connections, waiting requests joined and
 * not, beside an echo server (fastify) that parses the same body and sends the same bytes. Rounds are interleaved; figures are
 * medians. Needs wrk, the fixtures, and an idle machine. Run: node dist/bench/predict.js [ROUNDS] [SECONDS]
 */
import { join } from 'node:path'
import { type RunningServer, startServer } from '../tests/cli.js'
import { fixturesRoot, projectRoot } from '../tests/project.js'
import { type Measured, measure, median } from './wrk.js'

const echoPath = join(projectRoot, 'dist', 'bench', 'echo-server.js')
const [rounds = 5, seconds = 3] = process.argv.slice(2).map(Number)

interface Scenario {
  readonly name: string
  readonly directory: string
  readonly signature: string
  readonly instance: (i: number) => unknown
}

const tensorflow = (name: string) => join(fixturesRoot, 'tensorflow', name, 'model')
const scenarios: readonly Scenario[] = [
  {
    name: 'half_plus_two',
    directory: tensorflow('tf1_half_plus_two'),
    signature: 'serving_default',
    instance: (i) => i / 8,
  },
  {
    name: 'NeuMF (Keras)',
    directory: tensorflow('rec_neumf_keras'),
    signature: 'serving_default',
    instance: (i) => ({ user_id: i % 943, item_id: (i * 31) % 1682 }),
  },
]

console.log(
  '| model | connections | joined: req/s | p50 / p99 ms | not joined: req/s | p50 / p99 ms | joined / not | joined / echo |',
)
console.log('|---|---|---|---|---|---|---|---|')
for (const scenario of scenarios) await run(scenario)

async function run({ name, directory, signature, instance }: Scenario): Promise<void> {
  const serve = (coalesce: string) =>
    startServer(['serve', '--name', `model=${directory}`, '--coalesce', coalesce])
  const bodies = Array.from({ length: 500 }, (_, i) =>
    JSON.stringify({ signature_name: signature, instances: [instance(i)] }),
  )
  const joined = await serve('auto')
  const path = '/v1/models/model:predict'
  const first = await fetch(joined.url + path, { method: 'POST', body: bodies[0]! })
  const reply = await first.text()
  if (first.status !== 200) throw new Error(`${name}: ${reply}`)
  const servers = {
    joined,
    alone: await serve('off'),
    echo: await startServer(['fastify', reply], { cli: echoPath, awaitReady: false }),
  }
  for (const connections of [1, 64])
    report(name, connections, interleave(servers, { path, bodies, connections }))
  for (const server of Object.values(servers)) await server.stop('SIGKILL')
}

type Results<Name extends string> = Readonly<Record<Name, readonly Measured[]>>

function interleave<Name extends string>(
  servers: Readonly<Record<Name, RunningServer>>,
  load: { readonly path: string; readonly bodies: readonly string[]; readonly connections: number },
): Results<Name> {
  const names = Object.keys(servers) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<
    Name,
    Measured[]
  >
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const url = servers[name].url + load.path
      const measured = measure({ ...load, url, seconds: round < 0 ? 1 : seconds })
      // The first round warms up.
      if (round >= 0) results[name].push(measured)
    }
  }
  return results
}

function report(
  name: string,
  connections: number,
  { joined, alone, echo }: Results<'joined' | 'alone' | 'echo'>,
): void {
  const failed = [...joined, ...alone].reduce((sum, measured) => sum + measured.failed, 0)
  if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
  const rps = (results: readonly Measured[]) =>
    Math.round(median(results.map(({ requestsPerSecond }) => requestsPerSecond)))
  const ms = (results: readonly Measured[]) =>
    `${median(results.map(({ p50Ms }) => p50Ms)).toFixed(2)} / ${median(results.map(({ p99Ms }) => p99Ms)).toFixed(2)}`
  const ratio = (others: readonly Measured[]) =>
    median(joined.map((ours, i) => ours.requestsPerSecond / others[i]!.requestsPerSecond)).toFixed(2)
  console.log(
    `| ${[name, connections, rps(joined), ms(joined), rps(alone), ms(alone), ratio(alone), ratio(echo)].join(' | ')} |`,
  )
}
