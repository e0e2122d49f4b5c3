/** Removes compiled files, so that nothing that has been deleted or renamed is tested or packed. */
import { rmSync } from 'node:fs'

for (const folder of ['dist/src', 'dist/tests', 'dist/bench'])
  rmSync(folder, { recursive: true, force: true })
