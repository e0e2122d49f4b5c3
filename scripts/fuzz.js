/** Runs the fuzz tests with 10,000 mutations per reader (FUZZ_ITERATIONS says otherwise). */
import { spawnSync } from 'node:child_process'

const { status } = spawnSync(process.execPath, ['scripts/run-tests.js', 'dist/tests/fuzz/'], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_ITERATIONS: process.env.FUZZ_ITERATIONS ?? '10000' },
})
process.exit(status ?? 1)
