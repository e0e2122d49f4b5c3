/** Globals of PyTorch that stand for tensors (torch/_utils.py, torch/_tensor.py, torch/storage.py). */
import type { NumericType } from '../../tensor/dtype.js'
import type { Constructor, ConstructorTable } from '../pickle/machine.js'
import { toShape } from '../pickle/numpy-array.js'
import { PickleGlobal, type PickleValue } from '../pickle/value.js'
import { TorchStorage, toTorchDtype } from './torch-storage.js'
import { TorchTensor } from './torch-tensor.js'

type Args = readonly PickleValue[]

/**
 * Quantised, sparse and nested tensors are not among them, and so stay records of the call.
 *
 * @param loadFromBytes the storage in a file within the file, as raw pickles have them
 */
export function createTorchConstructors(loadFromBytes: Constructor): ConstructorTable {
  const table = new Map<string, Constructor>([
    ['torch._utils._rebuild_tensor', toTensor],
    ['torch._utils._rebuild_tensor_v2', toTensor],
    ['torch._utils._rebuild_tensor_v3', toTypedTensor],
    ['torch._utils._rebuild_parameter', ([tensor]) => tensor],
    ['torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor],
    ['torch.Size', ([sizes]) => sizes],
    ['torch.storage._load_from_bytes', loadFromBytes],
  ])
  // A tensor of a subclass: how to rebuild it, the class, the arguments, its state.
  table.set('torch._tensor._rebuild_from_type_v2', ([rebuild, , args], budget) =>
    rebuild instanceof PickleGlobal && rebuild.module === 'torch._utils' && Array.isArray(args)
      ? table.get(rebuild.path)?.(args, budget)
      : undefined,
  )
  return table
}

/** `(storage, offset, shape, stride, …)`. */
function toTensor(args: Args): PickleValue | undefined {
  const [storage] = args
  return storage instanceof TorchStorage ? toView(args, storage.dtype) : undefined
}

/** As `toTensor`; the seventh argument is the dtype, since the storage has none. */
function toTypedTensor(args: Args): PickleValue | undefined {
  return toView(args, toTorchDtype(args[6]))
}

function toView(
  [storage, offset, shape, stride]: Args,
  dtype: NumericType | undefined,
): PickleValue | undefined {
  if (!(storage instanceof TorchStorage) || dtype === undefined) return undefined
  const [storageOffset] = toShape([offset ?? null])
  return new TorchTensor(storage, {
    dtype,
    shape: toShape(shape),
    stride: toShape(stride),
    storageOffset: storageOffset!,
  })
}
