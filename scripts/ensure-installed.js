/** Installs the locked dependencies where they are missing or older than the lock file. */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  process.exit(status ?? 1)
}
