/** docs/from-recbole.md, typed as it stands: RecBole's SINE, served from `saved/`, answers what is printed below each request. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type RunningServer, startServer } from '../cli.js'
import { fixturesRoot, projectRoot, skipWithoutFixtures } from '../project.js'
import { temporaryFolder } from '../temporary.js'

const run = promisify(execFile)
const page = readFileSync(join(projectRoot, 'docs', 'from-recbole.md'), 'utf8')
const examples = [...page.matchAll(/```sh\n(curl [^\n]+)\n```\n```json\n([^\n]+)\n```/g)]
const skip = skipWithoutFixtures()

/** RecBole's own `saved/`: what the training in the page leaves. */
async function trained(): Promise<string> {
  const folder = join(temporaryFolder('from-recbole'), 'saved')
  await mkdir(folder)
  const recbole = join(fixturesRoot, 'recbole')
  symlinkSync(join(recbole, 'SINE', 'checkpoint.pth'), join(folder, 'SINE-Nov-25-2026_10-15-00.pth'))
  const dataset = join(recbole, 'dataset-files', 'mini-SequentialDataset-inter.pth')
  symlinkSync(dataset, join(folder, 'mini-SequentialDataset.pth'))
  return folder
}

describe('from RecBole to an API', { skip }, () => {
  let server: RunningServer
  before(async () => {
    server = await startServer(['serve', await trained()])
  })
  after(() => server.stop())

  assert.ok(examples.length >= 3, `only ${examples.length} examples were found`)
  for (const [, command, printed] of examples) {
    test(command!, async () => {
      const { stdout } = await run('sh', ['-c', command!.replace('http://127.0.0.1:8501', server.url)])
      assert.deepEqual(shortened(JSON.parse(stdout)), JSON.parse(printed!))
    })
  }
})

/** As the page prints answers: without the request's id, scores with five digits. */
function shortened(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toFixed(5))
  if (Array.isArray(value)) return value.map(shortened)
  if (typeof value !== 'object' || value === null) return value
  const { request_id, ...rest } = value as Record<string, unknown>
  return Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, shortened(each)]))
}
