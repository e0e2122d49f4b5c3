/** PyTorch's files (torch.save) of untrusted origin: both of its forms, and plain pickles that hold tensors. Nothing is run. */
import type { ReadOptions } from '../chunked-file.js'
import { readFileBytes } from '../file-bytes.js'
import { oneLargeAtATime } from '../pickle/large-pickles.js'
import type { ConstructorTable } from '../pickle/machine.js'
import { parsePickleInTurns } from '../pickle/pickle.js'
import { atOnce, inTurns } from '../pickle/steps.js'
import { PickleFault, type PickleValue } from '../pickle/value.js'
import { ShardFile } from '../tensor-bundle/shard-file.js'
import { createTurns } from '../turns.js'
import { createMemorySource } from './byte-source.js'
import { isLegacyForm, legacySteps } from './legacy-form.js'
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
const headBytes = 64
/** A raw pickle holds storages as files; those hold none. */
const maxFileDepth = 1
/** Of a storage in a file of its own: its pickles take some hundred bytes. */
const maxInnerPickleBytes = 4096

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
  const constructors = torchConstructors(0)
  if (isZipForm(head)) {
    const root = await readZipForm(source, { constructors, maxPickleBytes, turn })
    return { name, form: 'zip', root }
  }
  const atMost = Math.min(size, maxPickleBytes)
  if (isLegacyForm(head)) {
    const steps = legacySteps(source, { constructors, maxPickleBytes })
    return { name, form: 'legacy', root: await oneLargeAtATime(atMost, () => inTurns(steps, turn)) }
  }
  const root = await oneLargeAtATime(atMost, async () => {
    const { bytes } = await readFileBytes(path, { ...reading, maxBytes: maxPickleBytes })
    return parsePickleInTurns(bytes, name, { constructors, turn })
  })
  return { name, form: 'pickle', root }
}

/** @param depth how many files this one lies in */
function torchConstructors(depth: number): ConstructorTable {
  // The same bytes may be given any number of times.
  const known = new WeakMap<Uint8Array, PickleValue>()
  return createTorchConstructors(([bytes], budget) => {
    if (!(bytes instanceof Uint8Array) || !isLegacyForm(bytes))
      throw new PickleFault('has a storage whose bytes are no PyTorch file')
    if (depth === maxFileDepth) throw new PickleFault('has PyTorch files within each other')
    const storage = known.get(bytes)
    if (storage !== undefined) return storage
    budget.spend(bytes.length)
    const source = createMemorySource(bytes, 'a storage')
    const constructors = torchConstructors(depth + 1)
    const options = { constructors, budget, maxPickleBytes: maxInnerPickleBytes }
    const root = atOnce(legacySteps(source, options))
    known.set(bytes, root)
    return root
  })
}
