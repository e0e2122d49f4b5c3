/** Weights of SavedModels in the running server: read, or mapped where the operator promises that files do not change. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { hasRuntime } from '../../src/engines/onnx/runtime.js'
import { postJson, type RunningServer, startServer } from '../cli.js'
import { writeEmbeddingModel } from '../embedding-model-file.js'
import { temporaryFolder } from '../temporary.js'

const skip =
  process.platform === 'linux' && hasRuntime()
    ? false
    : 'needs Linux, which tells what is mapped, and a runtime'

const directory = temporaryFolder('embeddings')
const shard = writeEmbeddingModel(directory, {
  rows: 8192,
  width: 64,
  units: 2,
  form: 'resource',
  value: (i) => (i % 5) / 4,
})

/** Whether a process that the server has started maps the weights. */
function isMapped({ pid }: RunningServer): boolean {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  assert.ok(children.length > 0)
  return children.some((child) => readFileSync(`/proc/${child}/maps`, 'utf8').includes(shard))
}

async function serve(...flags: readonly string[]) {
  const server = await startServer(['serve', `--name=embeddings=${directory}`, ...flags])
  try {
    const { status, body } = await postJson(`${server.url}/v1/models/embeddings:predict`, {
      instances: [0, 8191, 17],
    })
    assert.equal(status, 200)
    return { body, mapped: isMapped(server) }
  } finally {
    await server.stop()
  }
}

describe('weights of a served SavedModel', { skip }, () => {
  test('are mapped with --immutable-models, read without it, and give the same answers', async () => {
    const read = await serve()
    const mapped = await serve('--immutable-models')
    assert.deepEqual([read.mapped, mapped.mapped], [false, true])
    const scores = (of: typeof read) => (of.body as { predictions: number[][] }).predictions.flat()
    assert.equal(scores(read).length, 6)
    for (const [i, score] of scores(read).entries()) assert.ok(Math.abs(score - scores(mapped)[i]!) < 1e-4)
  })
})
