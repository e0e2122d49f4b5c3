import { RecserveError } from '../core/errors.js'
import type { AnyTensor } from '../tensor/any-tensor.js'
import { type FileBytesOptions, readFileBytes } from './file-bytes.js'
import { parseNpy } from './npy.js'
import { unpackZip } from './zip.js'

/** The array of a .npy file, bounded by `maxBytes`. */
export async function readNpy(path: string, options: FileBytesOptions): Promise<AnyTensor> {
  const { bytes, name } = await readFileBytes(path, options)
  return parseNpy(bytes, name)
}

/**
 * The arrays of a .npz file (`numpy.savez`, `savez_compressed`) by name; `maxBytes` bounds the file as well as what it
 * unpacks to.
 */
export async function readNpz(
  path: string,
  options: FileBytesOptions,
): Promise<ReadonlyMap<string, AnyTensor>> {
  const { bytes, name } = await readFileBytes(path, options)
  const arrays = new Map<string, AnyTensor>()
  for (const [file, content] of await unpackZip(bytes, name, options)) {
    if (!file.endsWith('.npy')) {
      const text = `${name}: holds ${JSON.stringify(file)}, which is no .npy file`
      throw new RecserveError('failed_precondition', text)
    }
    arrays.set(file.slice(0, -'.npy'.length), parseNpy(content, `${name}: ${JSON.stringify(file)}`))
  }
  return arrays
}
