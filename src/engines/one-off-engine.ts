/** An engine for commands that answer once: what runs on our own kernels runs in this process, as starting another costs more. */
import type { SignatureSpec } from '../core/signature.js'
import type { Engine, GraphSession } from './engine.js'
import { noEngine } from './no-engine.js'
import { onnx } from './onnx/onnx-engine.js'
import { checkServable, type LoadedModel, loadAnySavedModel } from './tensorflow/saved-model.js'

export interface OneOffOptions {
  /** Told of each SavedModel that is read, even if nothing of it can be served; what it is told closes with its session. */
  readonly onSavedModel?: (model: LoadedModel) => void
}

/**
 * The native runtime stays out of this process: a damaged model may end the process that it is in. Indexes search with their
 * own kernels, as the engine says that it is not there for them.
 */
export function createOneOffEngine({ onSavedModel }: OneOffOptions = {}): Engine {
  // No process is started before a model needs it.
  const native = onnx.create()
  return {
    ...noEngine,
    name: 'one-off',
    async openSavedModel(_name, { directory, tags, checksums }) {
      const model = await loadAnySavedModel(directory, { tags, checksums, lowering: false })
      onSavedModel?.(model)
      checkServable(model, directory)
      return toSession(model)
    },
    open: (name, build) => native.open(name, build),
    openOnnxModel: (name, files) => native.openOnnxModel(name, files),
    close: () => native.close(),
  }
}

function toSession(model: LoadedModel): GraphSession {
  const specs = [...model.signatures].map(
    ([name, { methodName, inputs, outputs }]): [string, SignatureSpec] => [
      name,
      {
        name,
        methodName,
        inputs,
        outputs,
        ...(model.writes(name) && { writes: true }),
        ...(model.derived(name).length > 0 && { derived: model.derived(name) }),
      },
    ],
  )
  return {
    signatures: new Map(specs),
    unservable: new Map([...model.unservable].map(([name, { reason }]) => [name, reason])),
    async run({ signature, inputs, outputs }, { signal, deadlineMs } = {}) {
      signal?.throwIfAborted()
      return model.run(signature, inputs, {
        ...(outputs && { outputs }),
        ...(deadlineMs !== undefined && { deadline: Date.now() + deadlineMs }),
      })
    },
    close: async () => model.close(),
  }
}
