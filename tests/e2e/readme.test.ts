/** The README's own examples, typed as they stand against the demo: each request gets the answer printed below it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type RunningServer, startServer } from '../cli.js'
import { projectRoot } from '../project.js'

const run = promisify(execFile)
const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8')
const examples = [...readme.matchAll(/```sh\n(curl [^\n]+)\n```\n```json\n([^\n]+)\n```/g)]
const port = 'http://127.0.0.1:8501'

describe("the README's examples", () => {
  let server: RunningServer
  before(async () => {
    server = await startServer(['demo'])
  })
  after(() => server.stop())

  assert.ok(examples.length >= 4, `only ${examples.length} examples were found`)
  for (const [, command, expected] of examples) {
    test(command!, async () => {
      const { stdout } = await run('sh', ['-c', command!.replace(port, server.url)])
      assert.deepEqual(withoutId(stdout), withoutId(expected!))
    })
  }

  test('the demo prints its three requests with their answers, ids and titles', async () => {
    for (let waited = 0; !server.output.stderr.includes('until Ctrl-C') && waited < 10_000; waited += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const shown = server.output.stderr
    assert.match(shown, /curl '.*\/v1\/recommend\/books-als\/5017\?n=5'/)
    assert.equal(shown.match(/^ {2}\d+ {2}.+, fantasy, \d+$/gm)?.length, 5, 'a fantasy reader gets fantasy')
    assert.equal(shown.match(/^ {2}\d+ {2}.+, crime, \d+$/gm)?.length, 10, 'a crime reader gets crime, twice')
  })
})

function withoutId(text: string): unknown {
  const { request_id, ...rest } = JSON.parse(text) as Record<string, unknown>
  return rest
}
