import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { modelWithExternalData, modelWithInnerExternalData } from '../../../tests/onnx-file.js'
import { readModelFiles } from './model-files.js'

const weights = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer)

describe('the files of an ONNX model', () => {
  let root = ''
  let directory = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'recserve-onnx-'))
    directory = join(root, 'model')
    await mkdir(join(directory, 'parts'), { recursive: true })
    await writeFile(join(root, 'secret.bin'), weights)
    await writeFile(join(directory, 'parts', 'w.bin'), weights)
    await symlink(join('parts', 'w.bin'), join(directory, 'inward'))
    await symlink(join('..', 'secret.bin'), join(directory, 'outward'))
  })
  after(() => rm(root, { recursive: true }))

  const read = async (model: Uint8Array) => {
    await writeFile(join(directory, 'm.onnx'), model)
    return readModelFiles({ directory, file: 'm.onnx' })
  }

  for (const location of ['parts/w.bin', './parts/w.bin', 'inward']) {
    test(`reads weights from ${location}`, async () => {
      const { external } = await read(modelWithExternalData(location))
      assert.deepEqual(
        external.map(({ path, data }) => [path, Buffer.from(data)]),
        [[location, Buffer.from(weights)]],
      )
    })
  }

  const outside = [
    '../secret.bin',
    'parts/../../secret.bin',
    '/etc/passwd',
    'outward',
    '',
    '.',
    '*/_ORT_MEM_ADDR_/*',
  ]
  for (const location of [...outside, '..\\secret.bin', 'C:secret.bin', 'w\0.bin']) {
    test(`reads nothing from ${JSON.stringify(location)}`, async () => {
      for (const model of [modelWithExternalData(location), modelWithInnerExternalData(location)]) {
        await assert.rejects(read(model), {
          code: 'failed_precondition',
          message: /^m\.onnx: takes weights from ".*; only files in the model's own directory are read$/,
        })
      }
    })
  }

  test('names a file that is missing, and tells no path', async () => {
    const message = 'm.onnx: takes weights from "parts/none.bin", which is not beside it'
    await assert.rejects(read(modelWithExternalData('parts/none.bin')), { code: 'not_found', message })
  })
})
