/**
 * Requests per second of recserve's routes beside two echo servers that parse the same body and send the same bytes.
 * Rounds are interleaved; figures are medians, ratios are medians of each round's ratio. Needs wrk, and an idle machine.
 * Run: node dist/bench/http.js [ROUNDS] [SECONDS]
 */
import { writeFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunningServer, startServer } from '../tests/cli.js'
import { projectRoot } from '../tests/project.js'
import { writeEmbeddings, writeNeighbors } from '../tests/random-models.js'
import { temporaryFolder } from '../tests/temporary.js'
import { drawBars } from './bars.js'
import { memoryOf } from './memory.js'
import { type Measured, measure, median } from './wrk.js'

const echoPath = join(projectRoot, 'dist', 'bench', 'echo-server.js')
const [rounds = 5, seconds = 3] = process.argv.slice(2).map(Number)
const connections = 64
/** MovieLens-1M's size. */
const size = { users: 6040, items: 3706, width: 64, consumed: 165 }

interface Scenario {
  readonly name: string
  readonly model: string
  readonly path: string
  readonly body: (user: number) => unknown
  readonly firstUser: number
  readonly users: number
}

const native = (user: number) => ({ user, n: 10 })
const libserving = (user: number) => ({ user, n_rec: 10 })
const demo = { firstUser: 5001, users: 400 }
const large = { firstUser: 0, users: size.users }
const scenarios: readonly Scenario[] = [
  { name: 'demo ALS, native', model: 'books-als', path: '/v1/recommend/books-als', body: native, ...demo },
  {
    name: 'demo ItemCF, native',
    model: 'books-itemcf',
    path: '/v1/recommend/books-itemcf',
    body: native,
    ...demo,
  },
  { name: '6,040 x 3,706 ALS, native', model: 'als', path: '/v1/recommend/als', body: native, ...large },
  { name: '6,040 x 3,706 ALS, /embed', model: 'als', path: '/embed/recommend', body: libserving, ...large },
  { name: '6,040 x 3,706 ItemCF, /knn', model: 'itemcf', path: '/knn/recommend', body: libserving, ...large },
  { name: '6,040 x 3,706 UserCF, /knn', model: 'usercf', path: '/knn/recommend', body: libserving, ...large },
]

const folder = temporaryFolder('bench')
const models: Record<string, string> = {
  als: await writeEmbeddings(size),
  itemcf: await writeNeighbors({ ...size, algorithm: 'ItemCF', neighbors: 20 }),
  usercf: await writeNeighbors({ ...size, algorithm: 'UserCF', neighbors: 20 }),
}
for (const name of ['books-als', 'books-itemcf']) {
  models[name] = join(folder, name)
  await cp(join(projectRoot, 'examples', 'demo', name), models[name], { recursive: true })
}

console.log(
  `| scenario | recserve req/s | p50 / p99 ms | of fastify echo | of one that stringifies | of node:http echo | start to answer | memory |`,
)
console.log('|---|---|---|---|---|---|---|---|')
const bars: { label: string; value: number }[] = []
for (const scenario of scenarios) await run(scenario)
await rm(folder, { recursive: true })
for (const name of Object.keys(models)) await rm(models[name]!, { recursive: true, force: true })
writeFileSync(join(projectRoot, 'docs', 'http.svg'), drawBars('requests per second, 64 connections', bars))

async function run(scenario: Scenario): Promise<void> {
  const started = performance.now()
  const server = await startServer(['serve', '--name', `${scenario.model}=${models[scenario.model]}`])
  const bodies = Array.from({ length: 1000 }, (_, i) =>
    JSON.stringify(scenario.body(scenario.firstUser + ((i * 7919) % scenario.users))),
  )
  const first = await fetch(server.url + scenario.path, { method: 'POST', body: bodies[0]! })
  const reply = await first.text()
  const startMs = performance.now() - started
  if (first.status !== 200) throw new Error(`${scenario.name}: ${reply}`)
  const echo = (kind: string) => startServer([kind, reply], { cli: echoPath, awaitReady: false })
  const servers: Record<string, RunningServer> = {
    recserve: server,
    fastify: await echo('fastify'),
    stringify: await echo('stringify'),
    node: await echo('node'),
  }
  const results = await interleave(servers, scenario.path, bodies)
  report(scenario, results, { startMs, memoryBytes: memoryOf(server.pid) })
  for (const one of Object.values(servers)) await one.stop('SIGKILL')
}

async function interleave(servers: Record<string, RunningServer>, path: string, bodies: readonly string[]) {
  const results = new Map(Object.keys(servers).map((name) => [name, [] as Measured[]]))
  for (const [, { url }] of Object.entries(servers))
    measure({ url: url + path, bodies, connections, seconds: 1 })
  for (let round = 0; round < rounds; round++) {
    for (const [name, { url }] of Object.entries(servers)) {
      results.get(name)!.push(measure({ url: url + path, bodies, connections, seconds }))
    }
  }
  return results
}

function report(
  { name }: Scenario,
  results: ReadonlyMap<string, readonly Measured[]>,
  { startMs, memoryBytes }: { startMs: number; memoryBytes: number },
): void {
  const ours = results.get('recserve')!
  const ratioTo = (other: string) =>
    median(
      ours.map(({ requestsPerSecond }, i) => requestsPerSecond / results.get(other)![i]!.requestsPerSecond),
    ).toFixed(2)
  const failed = ours.reduce((sum, { failed }) => sum + failed, 0)
  if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
  const rps = median(ours.map(({ requestsPerSecond }) => requestsPerSecond))
  bars.push({ label: name, value: rps })
  const latency = `${median(ours.map(({ p50Ms }) => p50Ms)).toFixed(1)} / ${median(ours.map(({ p99Ms }) => p99Ms)).toFixed(1)}`
  const memory = `${Math.round(memoryBytes / 2 ** 20)} MB`
  console.log(
    `| ${name} | ${Math.round(rps)} | ${latency} | ${ratioTo('fastify')} | ${ratioTo('stringify')} | ${ratioTo('node')} | ${(startMs / 1000).toFixed(2)} s | ${memory} |`,
  )
}
