/** Reads an ONNX model and the weights beside it into memory: nothing is mapped, nothing outside its directory is read. */
import { realpath } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readFileBytes } from '../../formats/file-bytes.js'
import { externalLocations } from '../../formats/onnx/external-data.js'
import type { OnnxFiles } from '../engine.js'

export interface ModelBytes {
  readonly onnx: Uint8Array
  /** By the location that the model gives. */
  readonly external: readonly { readonly path: string; readonly data: Uint8Array }[]
}

/** A protobuf message ends at 2 GiB. */
const maxModelBytes = 2 ** 31 - 1
/** Of one file; a larger one could not be held in one array by Node.js 20. */
const maxExternalBytes = 2 ** 32
/** More files than exporters that write one for each tensor make. */
const maxExternalFiles = 10_000

/** @throws RecserveError that names the file: missing, too large, damaged, or a location outside the directory */
export async function readModelFiles({ directory, file }: OnnxFiles): Promise<ModelBytes> {
  const { bytes: onnx, name } = await readFileBytes(join(directory, file), { maxBytes: maxModelBytes })
  const locations = externalLocations(onnx, name)
  if (locations.size > maxExternalFiles) {
    const text = `takes weights from ${locations.size} files; ${maxExternalFiles} are the most`
    throw new RecserveError('failed_precondition', `${name}: ${text}`)
  }
  const external: { path: string; data: Uint8Array }[] = []
  for (const location of locations) {
    const path = await pathInside(directory, location, name)
    external.push({ path: location, data: (await readFileBytes(path, { maxBytes: maxExternalBytes })).bytes })
  }
  return { onnx, external }
}

/** Symbolic links are followed and may not lead out either. */
async function pathInside(directory: string, location: string, name: string): Promise<string> {
  const shown = JSON.stringify(location.slice(0, 100))
  const parts = location.split(/[/\\]/)
  // Of a location that begins with `*` the runtime takes the rest for an address in its own memory.
  const isOdd = location === '' || isAbsolute(location) || /^\*|^[a-zA-Z]:|\0/.test(location)
  if (isOdd || parts.includes('..')) throw outside(name, shown)
  const real = await realpath(join(directory, location)).catch((cause) => {
    const text = `${name}: takes weights from ${shown}, which is not beside it`
    throw new RecserveError('not_found', text, { cause })
  })
  const root = await realpath(directory)
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(name, shown)
  return real
}

function outside(name: string, shown: string): RecserveError {
  const text = `takes weights from ${shown}; only files in the model's own directory are read`
  return new RecserveError('failed_precondition', `${name}: ${text}`)
}
