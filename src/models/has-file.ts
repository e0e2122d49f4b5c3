import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** Whether a model directory holds a file of this name: how kinds are recognised. */
export function hasFile(directory: string, name: string): Promise<boolean> {
  return access(join(directory, name)).then(
    () => true,
    () => false,
  )
}
