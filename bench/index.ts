/** Every benchmark, one after another. Needs wrk (Debian: apt-get install wrk) and an otherwise idle machine. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from '../tests/project.js'

for (const name of [
  'http',
  'large',
  'exact-index',
  'json-arrays',
  'tensorflow-json',
  'saved-model',
  'weights',
  'predict',
  'catalogue',
]) {
  console.log(`\n## ${name}\n`)
  spawnSync(process.execPath, [join(projectRoot, 'dist', 'bench', `${name}.js`)], { stdio: 'inherit' })
}
