import { RecserveError } from '../core/errors.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import { createSource } from './serving.js'

/**
 * The newest version of the one model at a path.
 * @throws RecserveError `not_found` where there is none, `invalid_argument` where there are several
 */
export async function findOneModel(path: string): Promise<AspiredVersion> {
  const aspired = await createSource({ paths: [path] }).aspiredVersions()
  const [only] = aspired
  if (only && aspired.length === 1) return only
  if (!only) throw new RecserveError('not_found', `no model found below ${path}; recserve inspect says more`)
  const names = aspired.map(({ servable }) => servable.model).join(', ')
  throw new RecserveError(
    'invalid_argument',
    `${aspired.length} models are below ${path} (${names}); give the directory of one`,
  )
}
