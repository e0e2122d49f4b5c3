/** Runs every compiled test below dist/ (or those whose path contains an argument) with node's test runner. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const wanted = process.argv.slice(2)
const files = readdirSync('dist', { recursive: true, encoding: 'utf8' })
  .map((path) => `dist/${path.replaceAll('\\', '/')}`)
  .filter((path) => /^dist\/(src|tests)\/.*\.test\.js$/.test(path))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort()
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
