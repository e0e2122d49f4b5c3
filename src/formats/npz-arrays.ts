/**
 * Arrays of a .npz that NumPy wrote with `allow_pickle`: numbers and text as they stand, Python objects through our own
 * reader of pickles, which runs nothing (numpy/lib/format.py, `write_array`).
 */
import { RecserveError } from '../core/errors.js'
import { type FileBytesOptions, readFileBytes } from './file-bytes.js'
import { parseNpyHeader } from './npy-header.js'
import { NumpyArray, NumpyDtype } from './pickle/numpy-array.js'
import { parsePickleInTurns } from './pickle/pickle.js'
import { createTurns } from './turns.js'
import { unpackZip } from './zip.js'

export interface NpzArraysOptions extends FileBytesOptions {
  /** Which arrays are wanted; nothing else in the archive is unpacked. */
  readonly names: readonly string[]
}

/**
 * The wanted arrays that are there, by name; `maxBytes` bounds the file as well as what they unpack to.
 *
 * @throws RecserveError as `unpackZip`, `parseNpyHeader` and `readPickle`, naming file and array
 */
export async function readNpzArrays(
  path: string,
  { names, ...options }: NpzArraysOptions,
): Promise<ReadonlyMap<string, NumpyArray>> {
  const { bytes, name } = await readFileBytes(path, options)
  const wanted = new Map(names.map((array) => [`${array}.npy`, array]))
  const isWanted = (file: string) => wanted.has(file)
  const turn = createTurns(options.signal)
  const arrays = new Map<string, NumpyArray>()
  for (const [file, content] of await unpackZip(bytes, name, { ...options, isWanted })) {
    arrays.set(wanted.get(file)!, await parseNpyArray(content, `${name}: ${JSON.stringify(file)}`, turn))
  }
  return arrays
}

/** @throws RecserveError naming `name` */
async function parseNpyArray(
  bytes: Uint8Array,
  name: string,
  turn: () => Promise<void>,
): Promise<NumpyArray> {
  const { descr, shape, isFortran, dataAt } = parseNpyHeader(bytes, name)
  const data = bytes.subarray(dataAt)
  if (!/^\|?O$/.test(descr)) return naming(name, () => NumpyArray.of(toDtype(descr), shape, data, isFortran))
  const value = await parsePickleInTurns(data, name, { turn })
  if (!(value instanceof NumpyArray) || !value.dtype.isObject || `${value.shape}` !== `${shape}`) {
    const text = `${name}: its header tells of an array of objects, shape [${shape}], and its pickle holds something else`
    throw new RecserveError('data_loss', text)
  }
  return value
}

function toDtype(descr: string): NumpyDtype {
  const dtype = new NumpyDtype(descr.replace(/^[<>=|]/, ''))
  dtype.isBigEndian = descr.startsWith('>')
  return dtype
}

/** Does what may refuse, putting the name before what is said. */
export function naming<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof RecserveError)) throw thrown
    throw new RecserveError(thrown.code, `${name}: ${thrown.message}`, { cause: thrown })
  }
}
