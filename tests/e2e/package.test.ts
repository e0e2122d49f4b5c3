/** What `npm install recserve` gives a stranger: the packed tarball, with the npm at hand and with npm 10, nothing set. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { startServer } from '../cli.js'
import { projectRoot } from '../project.js'

const run = promisify(execFile)

/** Above this something was packed that should not be: three platforms' runtimes are 41 MB, all five would be 114. */
const maxTarballBytes = 48 * 2 ** 20

// Under `npm test` these would set up the npm under test; a stranger has none of them.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))

describe('the package', async () => {
  const skip = await whyNoRegistry()
  if (skip) console.log(`# installing the package is not tested: ${skip}`)
  let folder = ''
  let tarball = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recserve-package-'))
    // Without scripts: the build is what these tests run from.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', pack, { cwd: projectRoot, env, maxBuffer: 2 ** 26 })
    const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }]
    tarball = join(folder, filename)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('is of a bearable size', async () => {
    const { size } = await stat(tarball)
    console.log(`# the tarball has ${(size / 1e6).toFixed(1)} MB`)
    assert.ok(size < maxTarballBytes, `${size} bytes`)
  })

  test('installs and runs with the npm at hand', { skip }, async () => {
    const place = await emptyProject(folder, 'npm-at-hand')
    await run('npm', ['install', tarball], { cwd: place, env })
    await checkInstalled(place)
  })

  test('installs and runs with npm 10, which knows no allowScripts', { skip }, async () => {
    const npm10 = await emptyProject(folder, 'npm-10')
    await run('npm', ['install', 'npm@10'], { cwd: npm10, env })
    const place = await emptyProject(folder, 'by-npm-10')
    await run(process.execPath, [join(npm10, 'node_modules/npm/bin/npm-cli.js'), 'install', tarball], {
      cwd: place,
      env,
    })
    await checkInstalled(place)
  })
})

/** Everything an installation in `folder` must do. */
async function checkInstalled(folder: string): Promise<void> {
  const bin = join(folder, 'node_modules/.bin/recserve')
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const { stdout } = await run(bin, ['--version'], { cwd: folder, env })
  assert.match(stdout, new RegExp(`^(recserve )?${version.replaceAll('.', '\\.')}\\s*$`))

  await writeFile(join(folder, 'run-graph.mjs'), graphProgram)
  const answer = await run(process.execPath, ['run-graph.mjs'], { cwd: folder, env })
  assert.equal(answer.stdout.trim(), 'available: 2,4,6')

  await writeFile(join(folder, 'use-package.mjs'), packageProgram)
  const used = await run(process.execPath, ['use-package.mjs'], { cwd: folder, env })
  assert.equal(used.stdout.trim(), 'libreco-knn,libreco-embed native not_found')

  const demo = await startServer(['demo'], { cli: bin, cwd: folder, env })
  const response = await fetch(`${demo.url}/v1/recommend/books-itemcf/5001?n=5`)
  const { items } = (await response.json()) as { items: unknown[] }
  assert.equal(items.length, 5)
  assert.equal(await demo.stop(), 0)
}

/** Opens and runs a graph with the installed engine. */
const graphProgram = `
import { engines } from './node_modules/recserve/dist/src/engines/index.js'
import { encodeModel } from './node_modules/recserve/dist/src/formats/onnx/encode-model.js'

const engine = engines[0].create()
if (engine.available) {
  const value = { dtype: 'float32', shape: ['n'] }
  const nodes = [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }]
  const graph = { name: 'double', nodes, inputs: [{ name: 'x', ...value }], outputs: [{ name: 'y', ...value }] }
  const session = await engine.open('double', () => ({ onnx: encodeModel({ graph }), hostOps: [], outputs: ['y'] }))
  const { y } = await session.run({ x: { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) } })
  console.log('available: ' + y.data)
}
await engine.close()
`

/** What the package's public entry gives. */
const packageProgram = `
import { defaultParts, RecserveError } from 'recserve'

const kinds = defaultParts.modelKinds.map(({ name }) => name).filter((name) => !name.includes('graph'))
const wire = defaultParts.protocols.find(({ name }) => name === 'native')
console.log(kinds.slice(0, 2).join(), wire.name, new RecserveError('not_found', 'x').code)
`

async function emptyProject(parent: string, name: string): Promise<string> {
  const folder = join(parent, name)
  await mkdir(folder)
  // Else npm would look for a project in the folders above.
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  return folder
}

async function whyNoRegistry(): Promise<string | false> {
  try {
    await run('npm', ['view', 'npm@10', 'version', '--fetch-retries=0', '--fetch-timeout=20000'], { env })
    return false
  } catch {
    return 'the npm registry cannot be reached'
  }
}
