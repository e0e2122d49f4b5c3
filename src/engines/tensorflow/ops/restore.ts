/** Reading variables from the model's checkpoint: how a SavedModel's own graph restores them. */
import { RecserveError } from '../../../core/errors.js'
import { stringAt } from '../../../tensor/strings.js'
import type { StatefulKernel, StatefulOpTable, Value } from '../op.js'
import { invalid, tensorOf } from './rows.js'

const utf8 = new TextDecoder()

function stringsOf(value: Value | undefined): readonly string[] {
  const { dtype, data } = tensorOf(value)
  if (dtype !== 'string' || !('offsets' in data)) throw invalid(`strings were expected, got ${dtype}`)
  return Array.from({ length: data.length }, (_, i) => utf8.decode(stringAt(data, i)))
}

const restore: StatefulKernel = ([prefix, names, slices], { attrs, state }) => {
  const { checkpoint } = state
  const path = stringsOf(prefix)[0]
  // A graph does not choose what is read: the one checkpoint is the model's own.
  if (checkpoint === undefined || path !== checkpoint.prefix) {
    throw new RecserveError(
      'permission_denied',
      'a graph may only read the checkpoint of its own model, while it is loaded',
    )
  }
  const specs = stringsOf(slices)
  const types = attrs.types('dtypes')
  return stringsOf(names).map((name, i) => {
    const value = checkpoint.read(name, specs[i] ?? '')
    if (value.dtype === types[i]) return value
    throw invalid(`tensor '${name}' of the checkpoint is ${value.dtype}, the graph wants ${types[i]}`)
  })
}

const readFile: StatefulKernel = ([path], { state }) => {
  const { shape } = tensorOf(path)
  const bytes = state.readAsset(stringsOf(path)[0] ?? '')
  return [{ dtype: 'string', shape, data: { length: 1, bytes, offsets: Uint32Array.of(0, bytes.length) } }]
}

export const restoreOps: StatefulOpTable = {
  RestoreV2: { stateful: restore },
  ReadFile: { stateful: readFile },
}
