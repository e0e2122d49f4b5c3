import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type Environment, type Flags, readOptions } from './config.js'
import { exampleConfig } from './config-docs.js'

describe('readOptions', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recserve-config-'))
  })

  const serve = (flags: Flags = {}, env: Environment = {}) => readOptions('serve', { flags, env })

  async function configFile(text: string, name = 'recserve.yaml'): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  const refused = (given: Promise<unknown>, message: RegExp) =>
    assert.rejects(given, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'invalid_argument')
      assert.match(error.message, message)
      return true
    })

  test('gives defaults where nothing is said', async () => {
    const options = await serve()
    const port: number = options.httpPort
    const index: 'exact' | 'faiss' = options.index
    const models: ReadonlyMap<'knn' | 'embed' | 'tf' | 'online', string> = options.libservingModel
    const personal: boolean = options.logPersonalData
    assert.deepEqual([port, index, models.size, personal], [8501, 'exact', 0, false])
    assert.deepEqual([options.maxBodyBytes, options.logFormat, options.config], [1048576, 'auto', undefined])
  })

  test('takes a flag before the environment before the config file', async () => {
    const path = await configFile('http-port: 1\nmax-n: 1\nhost: file\nfallback: popular\n')
    const env = { RECSERVE_CONFIG: path, RECSERVE_HTTP_PORT: '2', RECSERVE_MAX_N: '2' }
    const options = await serve({ httpPort: '3' }, env)
    assert.deepEqual(
      [options.httpPort, options.maxN, options.host, options.fallback],
      [3, 2, 'file', 'popular'],
    )
  })

  test('takes --config before RECSERVE_CONFIG', async () => {
    const path = await configFile('max-n: 5', 'flag.yaml')
    const options = await serve({ config: path }, { RECSERVE_CONFIG: '/nowhere.yaml' })
    assert.equal(options.maxN, 5)
  })

  test('reads pairs from flags, environment, and a mapping', async () => {
    const both = [
      ['a', './x'],
      ['b', './y=z'],
    ]
    const path = await configFile('name: {a: ./x, b: ./y=z}')
    assert.deepEqual([...(await serve({ name: ['a=./x', 'b=./y=z'] })).name], both)
    assert.deepEqual([...(await serve({}, { RECSERVE_NAME: 'a=./x, b=./y=z' })).name], both)
    assert.deepEqual([...(await serve({ config: path })).name], both)
  })

  test('reads lists of ids, numbers among them', async () => {
    const path = await configFile('user: 7\nsequence: [1, "02"]')
    const recommend = (flags: Flags) => readOptions('recommend', { flags, env: {} })
    assert.deepEqual((await recommend({ sequence: '1, 02' })).sequence, ['1', '02'])
    assert.deepEqual((await recommend({ config: path })).sequence, ['1', '02'])
    assert.equal((await recommend({ config: path })).user, '7')
    assert.equal((await recommend({})).sequence, undefined)
  })

  test('reads switches, and a flag takes back what the environment says', async () => {
    const env = { RECSERVE_LOG_PERSONAL_DATA: 'true' }
    assert.equal((await serve({}, env)).logPersonalData, true)
    assert.equal((await serve({ logPersonalData: false }, env)).logPersonalData, false)
  })

  test('takes an empty environment variable for one that is not set', async () => {
    assert.equal((await serve({}, { RECSERVE_HTTP_PORT: '' })).httpPort, 8501)
  })

  test('leaves options of other commands alone', async () => {
    const path = await configFile('max-body-bytes: 5')
    await readOptions('inspect', { flags: { config: path }, env: { RECSERVE_HTTP_PORT: '80' } })
  })

  test('is not disturbed by what Kubernetes sets for a Service named recserve', async () => {
    await serve(
      {},
      {
        RECSERVE_SERVICE_HOST: '10.0.0.1',
        RECSERVE_SERVICE_PORT: '8501',
        RECSERVE_SERVICE_PORT_HTTP: '8501',
        RECSERVE_PORT: 'tcp://10.0.0.1:8501',
        RECSERVE_PORT_8501_TCP: 'tcp://10.0.0.1:8501',
        RECSERVE_PORT_8501_TCP_ADDR: '10.0.0.1',
      },
    )
  })

  test('reads the config file of the docs', async () => {
    const options = await serve({ config: await configFile(exampleConfig) })
    assert.deepEqual([options.host, options.name.get('movies')], ['0.0.0.0', './runs/17/als'])
  })

  test('reads JSON and an empty file', async () => {
    assert.equal((await serve({ config: await configFile('{"max-n":\t7}', 'a.json') })).maxN, 7)
    assert.equal((await serve({ config: await configFile('# nothing\n') })).maxN, 1000)
  })

  const flags: readonly [what: string, flags: Flags, message: RegExp][] = [
    ['no number', { httpPort: 'abc' }, /^--http-port: expected an integer from 0 to 65535, found 'abc'$/],
    ['empty', { httpPort: '' }, /^--http-port: .*found ''$/],
    ['out of range', { httpPort: '65536' }, /^--http-port: .*found 65536$/],
    ['fraction', { maxN: '1.5' }, /^--max-n: .*found 1.5$/],
    ['infinite', { maxN: 'Infinity' }, /^--max-n: /],
    ['not one of', { index: 'fast' }, /^--index: expected one of exact, faiss, found 'fast'$/],
    ['half a pair', { name: ['a'] }, /^--name: expected NAME=PATH, each NAME once, found 'a'$/],
    ['a pair twice', { name: ['a=1', 'a=2'] }, /^--name: .*found 'a=1,a=2'$/],
    [
      'an unknown key',
      { libservingModel: ['dnn=a'] },
      /^--libserving-model: .*\(KIND: knn, embed, tf, online\), found \{dnn\}$/,
    ],
    ['no such file', { config: '/nowhere.yaml' }, /^config file \/nowhere.yaml: ENOENT/],
  ]
  for (const [what, given, message] of flags) {
    test(`refuses a flag: ${what}`, () => refused(serve(given), message))
  }

  const variables: readonly [env: Environment, message: RegExp][] = [
    [
      { RECSERVE_HTTP_PORT: 'x' },
      /^environment variable RECSERVE_HTTP_PORT: expected an integer.*found 'x'$/,
    ],
    [
      { RECSERVE_HTTP_PROT: '1' },
      /^unknown environment variable RECSERVE_HTTP_PROT \(did you mean RECSERVE_HTTP_PORT\?\)$/,
    ],
    [{ RECSERVE_PORT: '80' }, /did you mean RECSERVE_HTTP_PORT\?/],
    [
      { RECSERVE_XYZZYXYZZY: '80' },
      /^unknown environment variable RECSERVE_XYZZYXYZZY \(recserve help COMMAND lists/,
    ],
    [{ RECSERVE_LOG_PERSONAL_DATA: 'yes' }, /^environment variable .*expected true or false, found 'yes'$/],
  ]
  for (const [env, message] of variables) {
    test(`refuses ${JSON.stringify(env)}`, () => refused(serve({}, env), message))
  }

  const files: readonly [text: string, message: RegExp][] = [
    ['http-prt: 1', /bad: unknown option 'http-prt' \(did you mean http-port\?\)$/],
    ['http_port: 1', /bad: unknown option 'http_port' \(did you mean http-port\?\)$/],
    ['http-port: "80"', /bad: http-port: expected an integer from 0 to 65535, found '80'$/],
    ['http-port:', /bad: http-port: .*found nothing$/],
    ['host: [a]', /bad: host: expected text, found a list$/],
    ['name: [a=b]', /bad: name: expected NAME=PATH.*found a list$/],
    ['name: {a: [b]}', /bad: name: .*found \{a\}$/],
    ['config: other.yaml', /bad: a config file cannot name another one/],
    ['__proto__: 1', /bad: unknown option '__proto__'/],
    ['constructor: 1', /bad: unknown option 'constructor'/],
    ['- a', /bad: expected a mapping of options/],
    ['max-n: 1\nmax-n: 2', /bad: Map keys must be unique at line 2/],
    ['a: [', /bad: .* at line 1/],
  ]
  for (const [text, message] of files) {
    test(`refuses the config file ${JSON.stringify(text)}`, async () => {
      await refused(serve({ config: await configFile(text, 'bad') }), message)
    })
  }
})
