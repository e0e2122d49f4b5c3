/** TensorFlow's SavedModel directories (tensorflow/python/saved_model/README.md). */
import { hasFile } from './has-file.js'
import { asPredicting } from './loaded-model.js'
import type { ModelKind } from './model-kind.js'

export const savedModel: ModelKind = {
  name: 'saved-model',

  async recognise(directory) {
    const isSavedModel =
      (await hasFile(directory, 'saved_model.pb')) || (await hasFile(directory, 'saved_model.pbtxt'))
    return isSavedModel ? { kind: 'saved-model' } : undefined
  },

  async load(directory, tools) {
    const session = await tools.openSavedModel(directory)
    for (const [signature, reason] of session.unservable) {
      tools.onWarning?.(`signature '${signature}' is not served: ${reason}`)
    }
    return asPredicting('saved-model', session)
  },
}
