/** PyTorch's files (torch.save) of untrusted origin: both of its forms, and plain pickles that hold tensors. Nothing is run. */
import type { ReadOptions } from '../chunked-file.js'
import { readFileBytes } from '../file-bytes.js'
import type { ConstructorTable } from '../pickle/machine.js'
import { parsePickleInTurns } from '../pickle/pickle.js'
import { PickleFault, type PickleValue } from '../pickle/value.js'
import { ShardFile } from '../tensor-bundle/shard-file.js'
import { createTurns } from '../turns.js'
import { createMemorySource } from './byte-source.js'
import { isLegacyForm, parseLegacyForm } from './legacy-form.js'
import { createTorchConstructors } from './torch-constructors.js'
import { isZipForm, readZipForm } from './zip-form.js'

/** A file of `torch.save`, or a pickle. */
export interface TorchCheckpoint {
  /** Base name, for messages. */
  readonly name: string
  /** `zip` since PyTorch 1.6, `legacy` before (and with `_use_new_zipfile_serialization=False`), `pickle` for neither. */
  readonly form: 'zip' | 'legacy' | 'pickle'
  /**
   * What was saved. Its tensors are TorchTensors: their values are read from the file by `read()`, each on its own and
   * only when asked for, and the file must still be there, unchanged.
   */
  readonly root: PickleValue
}

export interface TorchCheckpointOptions extends ReadOptions {
  /** Most bytes that the pickle in the file, storages apart, may have; 512 MiB unless given. */
  readonly maxPickleBytes?: number
}

const defaultMaxPickleBytes = 512 * 2 ** 20
/** Of objects built of a pickle, by a rough estimate. */
const maxObjectBytes = 2 ** 31
const headBytes = 64
/** A raw pickle holds storages as files; those hold none. */
const maxFileDepth = 1

/**
 * Opens a checkpoint (`.pth`, `.pt`, `.bin`), or any pickle, by its content, whatever its name.
 *
 * @throws RecserveError `not_found`; `data_loss` for a damaged or malicious file; `failed_precondition` for one that is
 * too large or of a kind that cannot be read (TorchScript, quantised or sparse tensors stay inert records)
 */
export async function readTorchCheckpoint(
  path: string,
  options: TorchCheckpointOptions = {},
): Promise<TorchCheckpoint> {
  const { maxPickleBytes = defaultMaxPickleBytes, ...reading } = options
  const source = new ShardFile(path)
  const { name, size } = source
  const head = source.read(0, Math.min(size, headBytes))
  const turn = createTurns(options.signal)
  const limits = { constructors: torchConstructors(0), maxPickleBytes, maxObjectBytes }
  if (isZipForm(head)) return { name, form: 'zip', root: await readZipForm(source, { ...limits, turn }) }
  if (isLegacyForm(head)) return { name, form: 'legacy', root: parseLegacyForm(source, limits) }
  const { bytes } = await readFileBytes(path, { ...reading, maxBytes: maxPickleBytes })
  const { constructors } = limits
  return { name, form: 'pickle', root: await parsePickleInTurns(bytes, name, { constructors, turn }) }
}

/** @param depth how many files this one lies in */
function torchConstructors(depth: number): ConstructorTable {
  return createTorchConstructors(([bytes], budget) => {
    if (!(bytes instanceof Uint8Array) || !isLegacyForm(bytes))
      throw new PickleFault('has a storage whose bytes are no PyTorch file')
    if (depth === maxFileDepth) throw new PickleFault('has PyTorch files within each other')
    // The same bytes may be given any number of times.
    budget.spend(bytes.length)
    const source = createMemorySource(bytes, 'a storage')
    const constructors = torchConstructors(depth + 1)
    return parseLegacyForm(source, { constructors, budget, maxPickleBytes: bytes.length, maxObjectBytes })
  })
}
