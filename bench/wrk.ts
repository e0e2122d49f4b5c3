/** One measurement with wrk (Debian: apt-get install wrk), POSTing JSON for users drawn at random. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../tests/temporary.js'

export interface Load {
  readonly url: string
  /** Bodies sent in turn, over and over. */
  readonly bodies: readonly string[]
  readonly connections: number
  readonly seconds: number
}

export interface Measured {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were not 2xx. */
  readonly failed: number
}

export function measure({ url, bodies, connections, seconds }: Load): Measured {
  const script = join(temporaryFolder('wrk'), 'post.lua')
  writeFileSync(script, luaFor(bodies))
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]
  const output = execFileSync('wrk', args, { encoding: 'utf8' })
  const [, requests, micros, p50, p99, failed] = /result (\d+) (\d+) (\d+) (\d+) (\d+)/
    .exec(output)!
    .map(Number)
  return {
    requestsPerSecond: (requests! * 1e6) / micros!,
    p50Ms: p50! / 1000,
    p99Ms: p99! / 1000,
    failed: failed!,
  }
}

/** wrk calls `request` for each request and `done` at the end; latencies are in microseconds. */
function luaFor(bodies: readonly string[]): string {
  const list = bodies.map((body) => `[[${body}]]`).join(',')
  return `
local bodies = {${list}}
local i = 0
request = function()
  i = i % #bodies + 1
  return wrk.format("POST", nil, {["content-type"] = "application/json"}, bodies[i])
end
done = function(summary, latency)
  local e = summary.errors
  local failed = e.status + e.connect + e.read + e.write + e.timeout
  print(string.format("result %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed))
end`
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
