/** What TensorFlow Serving's tutorials tell one to type, against the built CLI: its command line, curl, Python's requests. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type RunningServer, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const skip = skipWithoutFixtures()
const halfPlusTwo = join(fixturesRoot, 'tensorflow', 'tf1_half_plus_two', 'model')
const skipCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'curl is not installed'
const predictions = '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'

async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', ...args])
  return stdout
}

/** A folder of versions: the half_plus_two fixture's, whose version 1 adds two and whose version 2 adds three, under other numbers. */
async function versionsFolder(versions: Readonly<Record<string, 1 | 2>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-tutorial-'))
  for (const [name, version] of Object.entries(versions)) {
    await cp(join(halfPlusTwo, String(version)), join(directory, name), { recursive: true })
  }
  return directory
}

describe('the half_plus_two tutorial', { skip }, () => {
  let server: RunningServer
  let directory = ''
  before(async () => {
    directory = await versionsFolder({ '00000123': 1 })
    // What the entry point of TensorFlow Serving's image says after `docker run -e MODEL_NAME=half_plus_two`, but for HTTP's port.
    server = await startServer([
      'serve',
      '--port=8500',
      '--model_name=half_plus_two',
      `--model_base_path=${directory}`,
    ])
  })
  after(async () => {
    await server?.stop('SIGKILL')
    await rm(directory, { recursive: true })
  })

  const model = () => `${server.url}/v1/models/half_plus_two`
  const post = (text: string, headers: Record<string, string> = {}) =>
    fetch(`${model()}:predict`, { method: 'POST', body: text, headers })

  test('curl -d', { skip: skipCurl }, async () => {
    const url = `${model()}:predict`
    assert.equal(await curl('-d', '{"instances": [1.0, 2.0, 5.0]}', '-X', 'POST', url), predictions)
    assert.equal(await curl('-d', '{"instances": [1.0, 2.0, 5.0]}', url), predictions)
  })

  test('curl of the status and the metadata', { skip: skipCurl }, async () => {
    const status = JSON.parse(await curl(model())) as { model_version_status: unknown }
    const ok = { error_code: 'OK', error_message: '' }
    assert.deepEqual(status.model_version_status, [{ version: '123', state: 'AVAILABLE', status: ok }])
    const metadata = await curl(`${model()}/metadata`)
    assert.match(metadata, /^\{\n"model_spec":\{\n "name": "half_plus_two",\n/)
    assert.match(metadata, /"dtype": "DT_FLOAT"/)
  })

  const forms: readonly (readonly [body: string, answer: string])[] = [
    ['{"instances": [1.0, 2.0, 5.0]}', predictions],
    ['{"signature_name": "serving_default", "instances": [1, 2, 5]}', predictions],
    ['{"instances": [{"x": 1.0}, {"x": 2.0}, {"x": 5.0}]}', predictions],
    ['{"instances": [[1.0], [2.0], [5.0]]}', '{\n    "predictions": [[2.5], [3.0], [4.5]\n    ]\n}'],
    ['{"inputs": [1.0, 2.0, 5.0]}', '{\n    "outputs": [\n        2.5,\n        3.0,\n        4.5\n    ]\n}'],
    ['{"inputs": {"x": 1.0}}', '{\n    "outputs": 2.5\n}'],
  ]
  for (const [body, answer] of forms) {
    test(`answers ${body}`, async () => {
      const response = await post(body)
      assert.deepEqual([response.status, await response.text()], [200, answer])
      assert.equal(response.headers.get('content-type'), 'application/json')
    })
  }

  test('requests.post(url, data=json.dumps(...), headers={"content-type": "application/json"})', async () => {
    const response = await post('{"instances": [1.0, 2.0, 5.0]}', {
      'content-type': 'application/json',
      'user-agent': 'python-requests/2.32.3',
      'accept-encoding': 'gzip, deflate',
      accept: '*/*',
    })
    assert.deepEqual(await response.json(), { predictions: [2.5, 3, 4.5] })
    assert.equal(response.headers.get('content-encoding'), null, 'answers are never compressed')
  })

  test('requests of an old client: urlencoded by its header, a version in its path', async () => {
    const response = await fetch(`${model()}/versions/123:predict`, {
      method: 'POST',
      body: '{"instances": [1.0, 2.0, 5.0]}',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.equal(await response.text(), predictions)
  })

  test('what goes wrong in tutorials is answered in the words that they quote', async () => {
    const wrong: readonly (readonly [url: string, body: string, status: number, error: RegExp])[] = [
      [
        `${model()}:predict`,
        '{"instances": ["a"]}',
        400,
        /^Failed to process element: 0 of 'instances' list\./,
      ],
      [`${model()}:predict`, '', 400, /^JSON Parse error: The document is empty$/],
      [`${server.url}/v1/models/nothing:predict`, '{"instances": [1]}', 404, /Latest\(nothing\)$/],
      [`${model()}/versions/9:predict`, '{"instances": [1]}', 404, /Specific\(half_plus_two, 9\)$/],
      [model(), '{}', 400, /^Malformed request: POST \/v1\/models\/half_plus_two$/],
    ]
    for (const [url, body, status, error] of wrong) {
      const response = await fetch(url, { method: 'POST', body })
      assert.equal(response.status, status)
      assert.match(((await response.json()) as { error: string }).error, error)
    }
  })
})

describe('folders of versions named by time', { skip }, () => {
  let directory = ''
  before(async () => {
    directory = await versionsFolder({ 1700000000: 1, 1754006400: 2, 999: 1, '1800000000.tmp': 1 })
  })
  after(() => rm(directory, { recursive: true }))

  test('serve the newest, by number and not by text', async () => {
    const server = await startServer(['serve', `--model_base_path=${directory}`])
    try {
      const status = (await (await fetch(`${server.url}/v1/models/default`)).json()) as {
        model_version_status: readonly { version: string }[]
      }
      assert.deepEqual(
        status.model_version_status.map(({ version }) => version),
        ['1754006400'],
      )
      const answer = await fetch(`${server.url}/v1/models/default/versions/1754006400:predict`, {
        method: 'POST',
        body: '{"instances": [1.0, 2.0, 5.0]}',
      })
      assert.deepEqual(await answer.json(), { predictions: [3.5, 4, 5.5] })
    } finally {
      await server.stop('SIGKILL')
    }
  })
})
