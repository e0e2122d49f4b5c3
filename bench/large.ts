/**
 * A large embedding model: start to first answer, memory at its peak and at rest, time per request with 1 and 16 connections.
 * Run: node dist/bench/large.js [ITEMSxWIDTH]
 */
import { readFileSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { postJson, startServer } from '../tests/cli.js'
import { writeEmbeddings } from '../tests/random-models.js'
import { memoryOf } from './memory.js'
import { measure } from './wrk.js'

const [items = 100_000, width = 64] = (process.argv[2] ?? '100000x64').split('x').map(Number)
const users = 1000
const megabyte = 2 ** 20

const directory = await writeEmbeddings({ users, items, width, consumed: 100 })
const { size } = await stat(join(directory, 'item_embed.json'))
const started = performance.now()
const server = await startServer(['serve', '--name', `large=${directory}`])
const url = `${server.url}/v1/recommend/large`
await postJson(url, { user: 1, n: 10 })
const startMs = performance.now() - started
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]
console.log(
  `${items} items x ${width}: item_embed.json ${(size / megabyte).toFixed(0)} MB, vectors ${((4 * items * width) / megabyte).toFixed(0)} MB`,
)
console.log(
  `start to first answer ${(startMs / 1000).toFixed(2)} s; serving process at its peak ${(Number(peak) / 1024).toFixed(0)} MB; both processes at rest ${(memoryOf(server.pid) / megabyte).toFixed(0)} MB`,
)

const bodies = Array.from({ length: users }, (_, user) => JSON.stringify({ user, n: 10 }))
console.log('| connections | requests/s | ms per request | p50 / p99 ms |\n|---|---|---|---|')
for (const connections of [1, 16, 64]) {
  const { requestsPerSecond, p50Ms, p99Ms, failed } = measure({ url, bodies, connections, seconds: 5 })
  if (failed > 0) throw new Error(`${failed} requests failed`)
  const perRequest = (1000 / requestsPerSecond).toFixed(2)
  console.log(
    `| ${connections} | ${requestsPerSecond.toFixed(0)} | ${perRequest} | ${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} |`,
  )
}
await server.stop()
await rm(directory, { recursive: true })
