import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli } from './cli.js'
import { commands } from './commands/index.js'
import { flagOf, optionsOf } from './options.js'

/** Runs the CLI in this process. */
async function run(args: readonly string[], env: Record<string, string> = {}) {
  const output = { stdout: '', stderr: '' }
  const code = await runCli(args, {
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env,
    stopSignal: () => new AbortController().signal,
  })
  return { code, ...output }
}

describe('the command line', () => {
  const misuses: readonly [args: string[], stderr: RegExp][] = [
    [['srve'], /^recserve: unknown command 'srve' \(did you mean serve\?\)\n$/],
    [
      ['serve', 'x', '--http-prt', '1'],
      /^recserve: unknown option '--http-prt' \(did you mean --http-port\?\)\n$/,
    ],
    [['serve', 'x', '--grpc-port=1'], /^recserve: unknown option '--grpc-port' \(did you mean --port\?\)\n$/],
    [
      ['serve', 'x', '--rest_api_prt=1'],
      /^recserve: unknown option '--rest_api_prt' \(did you mean --rest_api_port\?\)\n$/,
    ],
    [
      ['serve', '--model_base_path=x', '--rest_api_port=0'],
      /^recserve: --rest_api_port=0 turns HTTP off, .*\n$/,
    ],
    [
      ['serve', 'x', '--enable_batching=true'],
      /^recserve: unknown option '--enable_batching': TensorFlow Serving has it, recserve does not yet \(.*\)\n$/,
    ],
    [['serve', 'x', '--model_name', 'ncf'], /^recserve: --model_name names the model of --model_base_path/],
    [['serve', '--model_base_path=x', '--name', 'default=y'], /^recserve: two models are named 'default'/],
    [
      ['inspect', 'x', '--http-port', '1'],
      /^recserve: unknown option '--http-port' \(recserve inspect --help lists/,
    ],
    [['serve', 'x', '-x'], /^recserve: unknown option '-x' /],
    [['serve', 'x', '--http-port', 'abc'], /^recserve: --http-port: expected an integer .*found 'abc'\n$/],
    [['serve', 'x', '--http-port'], /^recserve: option '--http-port <PORT>' argument missing\n$/],
    [['serve'], /^recserve: what shall be served\? .*--name NAME=PATH\n$/],
    [['inspect'], /^recserve: missing required argument 'PATH'\n$/],
    [['inspect', 'a', 'b'], /^recserve: too many arguments for 'inspect'/],
  ]
  for (const [args, stderr] of misuses) {
    test(`answers exit code 2 and one line to: recserve ${args.join(' ')}`, async () => {
      const finished = await run(args)
      assert.match(finished.stderr, stderr)
      assert.deepEqual([finished.code, finished.stdout], [2, ''])
    })
  }

  test('answers exit code 2 to a bad environment', async () => {
    const { code, stderr } = await run(['serve', 'x'], { RECSERVE_HTTP_PORT: '-1' })
    assert.equal(code, 2)
    assert.match(stderr, /^recserve: environment variable RECSERVE_HTTP_PORT: /)
  })

  test('without a command prints help on stderr', async () => {
    const { code, stdout, stderr } = await run([])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /^Usage: recserve/)
  })

  for (const command of commands) {
    test(`${command.name} --help shows its options, their defaults and its examples, on stdout`, async () => {
      const { code, stdout, stderr } = await run([command.name, '--help'])
      assert.deepEqual([code, stderr], [0, ''])
      for (const name of optionsOf(command.name)) assert.ok(stdout.includes(`--${flagOf(name)}`), name)
      for (const { command: example, what } of command.examples) {
        assert.ok(stdout.includes(`# ${what}\n  ${example}\n`))
      }
      assert.match(stdout, /default\s+info\)/)
    })
  }

  test('every example uses options that the command has', () => {
    for (const { name, examples } of commands) {
      for (const { command } of examples) {
        assert.ok(command.startsWith(`recserve ${name}`), command)
        for (const [, flag] of command.matchAll(/--([\w-]+)/g))
          assert.ok(optionsOf(name).some((one) => flagOf(one) === flag))
      }
    }
  })
})

describe('the built main.js', () => {
  const main = fileURLToPath(new URL('./main.js', import.meta.url))
  const spawned = (...args: readonly string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

  test('ends with 2, says what was meant and prints no stack', () => {
    const { status, stdout, stderr } = spawned('serve', 'x', '--fallbak', 'popular')
    assert.deepEqual([status, stdout], [2, ''])
    assert.equal(stderr, "recserve: unknown option '--fallbak' (did you mean --fallback?)\n")
  })

  test('ends with 1 where a command fails, with a stack from --log-level debug on', () => {
    const { status, stderr } = spawned('inspect', '/nowhere')
    assert.equal(status, 1)
    assert.match(stderr, /^recserve: .*nowhere.*\n$/)
    assert.match(spawned('inspect', '/nowhere', '--log-level', 'debug').stderr, /\n {4}at /)
  })

  test('is a script that node runs', () => {
    assert.match(readFileSync(main, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  })

  test('prints its version on stdout', () => {
    const { status, stdout } = spawned('--version')
    assert.equal(status, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+\S*\n$/)
  })
})
