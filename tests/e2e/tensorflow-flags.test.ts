/** TensorFlow Serving's flags on `recserve serve`: what they mean there, they mean here. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cliPath, type RunningServer, runCli, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const skip = skipWithoutFixtures()
const fixture = (name: string) => join(fixturesRoot, 'tensorflow', name, 'model')
/** Its newest version is half plus three. */
const halfPlusTwo = fixture('tf1_half_plus_two')

async function withServer(args: readonly string[], work: (server: RunningServer) => Promise<void>) {
  const server = await startServer(['serve', ...args])
  try {
    await work(server)
  } finally {
    await server.stop('SIGKILL')
  }
}

async function predict(url: string, instances: unknown): Promise<unknown> {
  const body = JSON.stringify({ instances })
  return (await fetch(`${url}:predict`, { method: 'POST', body })).json()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return address.port
}

describe("TensorFlow Serving's flags", { skip }, () => {
  test('--rest_api_port is HTTP, --port never is, and both are on every address', async () => {
    const [http, grpc] = [await freePort(), await freePort()]
    const args = [
      `--port=${grpc}`,
      `--rest_api_port=${http}`,
      '--model_name=m',
      '--model_base_path',
      halfPlusTwo,
    ]
    await withServer(args, async ({ url, output }) => {
      assert.equal(url, `http://0.0.0.0:${http}`)
      assert.deepEqual(await predict(`http://127.0.0.1:${http}/v1/models/m`, [4]), { predictions: [5] })
      await assert.rejects(fetch(`http://127.0.0.1:${grpc}/`))
      assert.match(output.stderr, new RegExp(`--port=${grpc} is the port of gRPC, which comes later`))
    })
  })

  test('--host goes before the address that they imply', async () => {
    await withServer([`--model_base_path=${halfPlusTwo}`, '--host', '127.0.0.1'], async ({ url }) => {
      assert.match(url, /^http:\/\/127\.0\.0\.1:/)
      assert.deepEqual(await predict(`${url}/v1/models/default`, [4]), { predictions: [5] })
    })
  })

  test('--saved_model_tags chooses the meta graph with just these tags', async () => {
    const path = fixture('tf1_tags')
    const answers: unknown[] = []
    for (const tags of ['serve', 'gpu,serve']) {
      await withServer([`--name=m=${path}`, `--saved_model_tags=${tags}`], async ({ url }) => {
        answers.push(await predict(`${url}/v1/models/m`, [[1, 2, 3]]))
      })
    }
    assert.ok(
      answers.every((answer) => Object.hasOwn(answer as object, 'predictions')),
      JSON.stringify(answers),
    )
    assert.notDeepEqual(answers[0], answers[1])
    await withServer([`--name=m=${path}`, '--saved_model_tags=train'], async ({ url }) => {
      const { models } = (await (await fetch(`${url}/readyz`)).json()) as { models: { error: string }[] }
      assert.match(models[0]!.error, /no meta graph with the tags \{ train \}/)
    })
  })

  test('the port stays closed until every model has been tried', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const starting = startServer([
      'serve',
      ...[`--model_base_path=${halfPlusTwo}`, `--rest_api_port=${port}`],
      ...['keras_lstm', 'keras_gru', 'rec_bert4rec'].flatMap((name) => [
        '--name',
        `${name}=${fixture(name)}`,
      ]),
    ])
    let refused = 0
    const firstAnswer = async () => {
      for (; ; await sleep(2)) {
        const response = await fetch(`${url}/readyz`).catch(() => undefined)
        if (response) return (await response.json()) as { reason: string }
        refused++
      }
    }
    const first = await firstAnswer()
    const server = await starting
    await server.stop('SIGKILL')
    assert.equal(first.reason, 'ready')
    assert.ok(refused > 0)
  })

  test('a stop while the models load ends with 0 and never opens the port', async () => {
    const names = ['keras_lstm', 'keras_gru', 'keras_conv1d', 'rec_bert4rec', 'keras3_recurrent']
    const named = names.flatMap((name) => ['--name', `${name}=${fixture(name)}`])
    const child = spawn(process.execPath, [
      cliPath,
      'serve',
      ...named,
      '--wait-for-models',
      '--http-port',
      '0',
    ])
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    // The first line comes when the inference process is there and the models are still to load.
    child.stderr.once('data', () => child.kill('SIGTERM'))
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(code, 0, stderr)
    assert.match(stderr, /stopped/)
    assert.doesNotMatch(stderr, /listening/)
  })

  const refusals: readonly (readonly [args: string[], message: RegExp])[] = [
    [[`--model_base_path=${halfPlusTwo}`, '--rest_api_port=0'], /--rest_api_port=0 turns HTTP off, and gRPC/],
    [['--model_base_path=/nowhere', '--rest_api_port=1'], /\/nowhere: no such directory/],
    [
      [`--model_base_pth=${halfPlusTwo}`],
      /unknown option '--model_base_pth' \(did you mean --model_base_path\?\)/,
    ],
    [['--rest_api_prt=1'], /unknown option '--rest_api_prt' \(did you mean --rest_api_port\?\)/],
    [
      ['--enable_batching'],
      /unknown option '--enable_batching': TensorFlow Serving has it, recserve does not/,
    ],
    [
      ['--model-base-path', halfPlusTwo],
      /unknown option '--model-base-path' \(did you mean --model_base_path\?\)/,
    ],
  ]
  for (const [args, message] of refusals) {
    test(`refuses ${args.map((arg) => arg.replace(halfPlusTwo, 'DIR')).join(' ')}`, async () => {
      const { code, stderr } = await runCli(['serve', ...args])
      assert.ok(code === 1 || code === 2)
      assert.match(stderr, message)
      assert.equal(stderr.trim().split('\n').length, 1)
    })
  }
})

describe('--engine host', { skip }, () => {
  test('answers as the engine that is chosen by itself', async () => {
    const rows = Array.from({ length: 8 }, (_, i) => ({ user_id: i, item_id: 2 * i }))
    const answers: { predictions: number[][] }[] = []
    for (const engine of ['auto', 'host']) {
      await withServer([`--name=m=${fixture('rec_neumf_keras')}`, '--engine', engine], async ({ url }) => {
        answers.push((await predict(`${url}/v1/models/m`, rows)) as { predictions: number[][] })
      })
    }
    const [auto, host] = answers.map(({ predictions }) => predictions.flat())
    assert.equal(host!.length, rows.length)
    for (const [i, score] of host!.entries()) assert.ok(Math.abs(score - auto![i]!) <= 1e-5)
  })
})
