/** Reads the graph of a SavedModel directory. Nothing of it is run. */
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import type { ReadOptions } from '../chunked-file.js'
import { readFileBytes } from '../file-bytes.js'
import { decodeMessage } from './decode-message.js'
import type { GraphDef, SavedModelProto } from './graph.js'
import { graphType } from './graph-types.js'
import { parseTextMessage } from './parse-text-message.js'
import { savedModelType } from './saved-model-types.js'

/** A protobuf message ends at 2 GiB. */
const maxBytes = 2 ** 31 - 1
/** What a JavaScript string may hold. */
const maxTextBytes = 2 ** 28

/**
 * Reads `saved_model.pb`, or `saved_model.pbtxt` where that is missing, as TensorFlow does.
 *
 * @throws RecserveError `not_found` where there is neither; otherwise as `readFileBytes`, `parseSavedModel` and
 * `parseSavedModelText`
 */
export async function readSavedModel(directory: string, options: ReadOptions = {}): Promise<SavedModelProto> {
  const binary = join(directory, 'saved_model.pb')
  const text = join(directory, 'saved_model.pbtxt')
  if (await exists(binary)) {
    const { bytes, name } = await readFileBytes(binary, { ...options, maxBytes })
    return parseSavedModel(bytes, name)
  }
  if (await exists(text)) {
    const { bytes, name } = await readFileBytes(text, { ...options, maxBytes: maxTextBytes })
    return parseSavedModelText(bytes, name)
  }
  const where = basename(directory)
  throw new RecserveError('not_found', `'${where}' has neither a saved_model.pb nor a saved_model.pbtxt`)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** @throws RecserveError `data_loss` that names the file and the byte */
export function parseSavedModel(bytes: Uint8Array, name = 'saved_model.pb'): SavedModelProto {
  return decodeMessage(savedModelType, bytes, name)
}

/** @throws RecserveError `data_loss` that names the file and the line */
export function parseSavedModelText(bytes: Uint8Array, name = 'saved_model.pbtxt'): SavedModelProto {
  return parseTextMessage(savedModelType, bytes, name)
}

/** A graph alone, as `tf.io.write_graph` and frozen graphs have it. */
export function parseGraphDef(bytes: Uint8Array, name = 'graph.pb'): GraphDef {
  return decodeMessage(graphType, bytes, name)
}
