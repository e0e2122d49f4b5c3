/** Starts the built CLI as a user would and talks to it over real sockets. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoot } from './project.js'

export const cliPath = join(projectRoot, 'dist', 'src', 'app', 'main.js')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export async function runCli(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  const { child, output } = start(args, options)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...output }
}

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** What it has printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string }
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a command that serves, on a free port, and waits until every model has been tried. */
export async function startServer(
  args: readonly string[],
  options: StartOptions = {},
): Promise<RunningServer> {
  const { child, output } = start([...args, '--http-port', '0'], options)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const url = await untilUrl(child, output).catch((error) => {
    child.kill('SIGKILL')
    throw error
  })
  if (options.awaitReady !== false) await untilReady(url)
  return {
    url,
    pid: child.pid!,
    output,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

export interface StartOptions {
  /** Added to this process' own. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Another installation's script than the project's. */
  readonly cli?: string
  /** Do not wait until every model has been tried. */
  readonly awaitReady?: boolean
}

function start(args: readonly string[], { env = {}, cwd = projectRoot, cli = cliPath }: StartOptions) {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env }, cwd })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  return { child, output }
}

async function untilUrl(child: ChildProcess, output: { readonly stderr: string }): Promise<string> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    const url = /(http:\/\/\S+:\d+)/.exec(output.stderr)?.[1]
    if (url) return url
    assert.equal(child.exitCode, null, `the server ended: ${output.stderr}`)
    await sleep(20)
  }
  throw new Error(`no URL was printed: ${output.stderr}`)
}

async function untilReady(url: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const response = await fetch(`${url}/readyz`)
    const { reason } = (await response.json()) as { reason: string }
    if (reason !== 'loading') return
    await sleep(50)
  }
  throw new Error('the models did not finish loading')
}

/** POSTs JSON; answers status and parsed body. */
export async function postJson(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}
