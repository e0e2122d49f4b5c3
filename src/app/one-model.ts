import { RecserveError } from '../core/errors.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import { createSource } from './serving.js'

/** Models that a refusal names at most. */
const maxNamed = 10

/**
 * The newest version of the one model at a path that can be read; the newest, where none can.
 *
 * @param onWarning told of newer versions that are broken, and of files that are passed over
 * @throws RecserveError `not_found` where there is none, `invalid_argument` where there are several
 */
export async function findOneModel(
  path: string,
  onWarning: (message: string) => void,
): Promise<AspiredVersion> {
  const aspired = await createSource({ paths: [path], onWarning }).aspiredVersions()
  const newest = aspired[0]
  if (!newest)
    throw new RecserveError('not_found', `no model found below ${path}; recserve inspect says more`)
  if (aspired.some(({ servable }) => servable.model !== newest.servable.model)) throw several(path, aspired)
  const readable = aspired.find(({ kind }) => kind !== undefined)
  if (!readable || readable === newest) return newest
  onWarning(
    `${newest.directory} is broken (recserve inspect tells why): version ${readable.servable.version} answers`,
  )
  return readable
}

function several(path: string, aspired: readonly AspiredVersion[]): RecserveError {
  const places = new Map<string, string>()
  for (const { servable, kind, directory } of aspired) {
    if (!places.has(servable.model) || kind !== undefined) places.set(servable.model, directory)
  }
  const shown = [...places].slice(0, maxNamed)
  const more = places.size > maxNamed ? `, and ${places.size - maxNamed} more` : ''
  const names = shown.map(([model]) => model).join(', ')
  const paths = shown.map(([, place]) => place).join(', ')
  return new RecserveError(
    'invalid_argument',
    `${places.size} models are below ${path} (${names}${more}); give the path of one: ${paths}${more}`,
  )
}
