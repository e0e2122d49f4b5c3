/** Directories with an ONNX model, which any exporter may have written: one `.onnx` file, its weights perhaps beside it. */
import { readdir } from 'node:fs/promises'
import { RecserveError } from '../core/errors.js'
import { asPredicting } from './loaded-model.js'
import type { ModelKind } from './model-kind.js'

export const onnx: ModelKind = {
  name: 'onnx',

  async recognise(directory) {
    return (await modelFile(directory)) === undefined ? undefined : { kind: 'onnx' }
  },

  async load(directory, tools) {
    const file = await modelFile(directory)
    if (file === undefined) {
      throw new RecserveError('failed_precondition', "there is not one .onnx file here, nor a 'model.onnx'")
    }
    return asPredicting('onnx', await tools.openOnnxModel({ directory, file }))
  },
}

/** The only `.onnx` file; of several `model.onnx`. Undefined where that leaves none. */
async function modelFile(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => [])
  const models = names.filter((name) => name.endsWith('.onnx') && !name.startsWith('.'))
  return models.length === 1 ? models[0] : models.find((name) => name === 'model.onnx')
}
