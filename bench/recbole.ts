/**
 * RecBole's sequential models over HTTP, here and in the FastAPI that its users write by hand (uvicorn, one worker), interleaved:
 * the fixtures' tables and larger ones. Needs wrk, the fixtures, and a Python that can import torch, recbole, fastapi and uvicorn.
 * Run: BENCH_PYTHON=/path/to/python node dist/bench/recbole.js [ROUNDS] [SECONDS]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer } from '../tests/cli.js'
import { fixturesRoot, projectRoot } from '../tests/project.js'
import { temporaryFolder } from '../tests/temporary.js'
import { memoryOf } from './memory.js'
import { type Measured, measure, median } from './wrk.js'

const [rounds = 3, seconds = 4] = process.argv.slice(2).map(Number)
const python = process.env.BENCH_PYTHON ?? 'python3'
const peerScript = join(projectRoot, 'bench', 'recbole-peer.py')
/** The next peer's: one that has just been left may still be taken. */
let peerPort = 18_571
const root = join(fixturesRoot, 'recbole')
const models = ['SASRec', 'GRU4Rec', 'SINE']
/** 0: the table as it was trained. */
const tables = [0, 20_000, 200_000]

interface Subject {
  readonly url: string
  readonly pid: number
  readonly startMs: number
  stop(): Promise<unknown>
}

console.log(
  '| model | items | connections | recserve req/s | p50 / p99 ms | FastAPI req/s | p50 / p99 ms | req/s ratio | p99 ratio |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
const starts: string[] = []
for (const model of models) for (const items of tables) await compare(model, items)
console.log('\n| model | items | recserve: ready after | memory | FastAPI: ready after | memory |')
console.log('|---|---|---|---|---|---|')
for (const line of starts) console.log(line)

async function compare(model: string, items: number): Promise<void> {
  const answers = JSON.parse(readFileSync(join(root, model, 'answers.json'), 'utf8'))
  const folder = temporaryFolder('bench-recbole')
  const directory = join(folder, model.toLowerCase())
  const source = [join(root, model, 'checkpoint.pth'), join(root, answers.tokens)]
  execFileSync(python, [peerScript, 'make', ...source, directory, String(items)], { stdio: 'ignore' })
  const ours = await startOurs(directory)
  const peer = await startPeer(directory)
  const path = `/v1/${model.toLowerCase()}/user_to_item`
  const sequences: (readonly string[])[] = answers.cases.map(
    ({ request }: { request: { sequence: readonly string[] } }) => request.sequence,
  )
  const bodies = sequences.map((sequence) => JSON.stringify({ sequence, topk: 10 }))
  await checkSame([ours.url + path, peer.url + path], bodies)
  const shown = items === 0 ? `${answers.n_items - 1} (as trained)` : items.toLocaleString('en')
  for (const connections of [1, 64]) {
    const results = { ours: [] as Measured[], peer: [] as Measured[] }
    for (let round = -1; round < rounds; round++) {
      for (const [name, { url }] of Object.entries({ ours, peer })) {
        const measured = measure({ url: url + path, bodies, connections, seconds: round < 0 ? 1 : seconds })
        // The first round warms up.
        if (round >= 0) results[name as 'ours' | 'peer'].push(measured)
      }
    }
    report(`${model} | ${shown} | ${connections}`, results)
  }
  const row = ({ startMs, pid }: Subject) =>
    `${(startMs / 1000).toFixed(1)} s | ${Math.round(memoryOf(pid) / 2 ** 20)} MB`
  starts.push(`| ${model} | ${shown} | ${row(ours)} | ${row(peer)} |`)
  await ours.stop()
  await peer.stop()
  rmSync(folder, { recursive: true })
}

function report(name: string, { ours, peer }: Record<'ours' | 'peer', readonly Measured[]>): void {
  const failed = [...ours, ...peer].reduce((sum, each) => sum + each.failed, 0)
  if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
  const rps = (results: readonly Measured[]) =>
    Math.round(median(results.map((each) => each.requestsPerSecond)))
  const ms = (results: readonly Measured[]) =>
    `${median(results.map(({ p50Ms }) => p50Ms)).toFixed(1)} / ${median(results.map(({ p99Ms }) => p99Ms)).toFixed(1)}`
  const ratio = (value: (each: Measured) => number) =>
    median(ours.map((each, i) => value(each) / value(peer[i]!))).toFixed(2)
  console.log(
    `| ${[name, rps(ours), ms(ours), rps(peer), ms(peer), ratio((each) => each.requestsPerSecond), ratio((each) => each.p99Ms)].join(' | ')} |`,
  )
}

/** What is measured must be the same answers. */
async function checkSame(urls: readonly string[], bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const [ours, peer] = await Promise.all(
      urls.map(async (url) => {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url, { method: 'POST', body, headers })
        return (await response.json()) as { readonly score_list: readonly number[] }
      }),
    )
    const largest = Math.max(...peer!.score_list.map(Math.abs))
    const isNear = peer!.score_list.every(
      (score, i) => Math.abs(score - ours!.score_list[i]!) <= 1e-4 * largest,
    )
    if (!isNear) throw new Error(`different answers: ${JSON.stringify([ours, peer])}`)
  }
}

async function startOurs(directory: string): Promise<Subject> {
  const started = performance.now()
  const server = await startServer(['serve', directory])
  return {
    url: server.url,
    pid: server.pid,
    startMs: performance.now() - started,
    stop: () => server.stop('SIGKILL'),
  }
}

async function startPeer(directory: string): Promise<Subject> {
  const started = performance.now()
  const port = String(peerPort++)
  const child: ChildProcess = spawn(python, [peerScript, 'serve', directory, port], {
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(`${url}/healthz`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null)
      throw new Error(`${python} cannot serve: can it import recbole, fastapi and uvicorn?`)
    await sleep(20)
  }
  return {
    url,
    pid: child.pid!,
    startMs: performance.now() - started,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}
