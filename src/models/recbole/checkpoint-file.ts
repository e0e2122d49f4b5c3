/** What is in a checkpoint of RecBole's trainer (recbole/trainer/trainer.py `_save_checkpoint`), nothing of it read twice. */
import { RecserveError } from '../../core/errors.js'
import { type PickleDict, PickleObject, type PickleValue } from '../../formats/pickle/value.js'
import { readTorchCheckpoint } from '../../formats/torch/checkpoint.js'
import { TorchTensor } from '../../formats/torch/torch-tensor.js'
import { createSettings, type RecBoleSettings } from './settings.js'

/** A checkpoint without the values of its tensors. */
export interface CheckpointFile {
  /** Base name, for messages. */
  readonly name: string
  /** RecBole's class, e.g. `SASRec`. */
  readonly className: string
  /** The number of RecBole's ModelType; undefined where the settings do not tell. */
  readonly modelType: number | undefined
  readonly settings: RecBoleSettings
  readonly stateDict: ReadonlyMap<string, TorchTensor>
  /** What the model keeps besides its weights; empty for most. */
  readonly otherParameter: PickleDict
}

/** Whether the root of a file is a checkpoint; a data set or a bare state_dict is none. */
export function isCheckpoint(root: PickleValue): root is PickleDict {
  return root instanceof Map && root.has('state_dict') && root.has('config')
}

/** @throws RecserveError as `readTorchCheckpoint`; `data_loss` where it is none of RecBole's trainer */
export async function readCheckpointFile(path: string, signal?: AbortSignal): Promise<CheckpointFile> {
  const { name, root } = await readTorchCheckpoint(path, signal ? { signal } : {})
  return parseCheckpoint(root, name)
}

export function parseCheckpoint(root: PickleValue, name: string): CheckpointFile {
  if (!isCheckpoint(root)) {
    throw new RecserveError(
      'data_loss',
      `${name}: is no checkpoint of RecBole's trainer (a dict with config and state_dict); a bare state_dict does not say which model it is of`,
    )
  }
  const settings = createSettings(configOf(root.get('config'), name))
  const className = settings.optionalText('model')
  if (className === undefined)
    throw new RecserveError('data_loss', `${name}: its config does not name the model`)
  const otherParameter = root.get('other_parameter')
  return {
    name,
    className,
    modelType: modelTypeOf(settings.value('MODEL_TYPE')),
    settings,
    stateDict: stateDictOf(root.get('state_dict'), name),
    otherParameter: otherParameter instanceof Map ? otherParameter : new Map(),
  }
}

function configOf(config: PickleValue | undefined, name: string): PickleDict {
  const values = config instanceof PickleObject ? config.attributes?.get('final_config_dict') : config
  if (values instanceof Map) return values
  throw new RecserveError(
    'data_loss',
    `${name}: its config is no recbole.config.configurator.Config with final_config_dict`,
  )
}

/** A member of the enum ModelType, or its number. */
export function modelTypeOf(value: PickleValue | undefined): number | undefined {
  const number = value instanceof PickleObject ? value.args[0] : value
  return typeof number === 'number' ? number : undefined
}

function stateDictOf(value: PickleValue | undefined, name: string): ReadonlyMap<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>()
  for (const [key, tensor] of value instanceof Map ? value : []) {
    if (typeof key === 'string' && tensor instanceof TorchTensor) tensors.set(key, tensor)
    else
      throw new RecserveError('data_loss', `${name}: its state_dict has ${String(key)}, which is no tensor`)
  }
  return tensors
}
