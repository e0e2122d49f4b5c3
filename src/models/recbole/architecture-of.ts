import { RecserveError } from '../../core/errors.js'
import type { Architecture } from './architecture.js'
import { architectures } from './architectures/index.js'

/** The architecture of one of RecBole's classes. @throws RecserveError `unimplemented` that names those there are */
export function architectureOf(className: string): Architecture {
  const found = architectures.find((architecture) => architecture.className === className)
  if (found) return found
  const supported = architectures.map((architecture) => architecture.className).sort()
  throw new RecserveError(
    'unimplemented',
    `not servable: architecture ${className} is not supported (supported: ${supported.join(', ')})`,
  )
}
