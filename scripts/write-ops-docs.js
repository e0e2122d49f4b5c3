/** Runs the recorded cases of TensorFlow's ops and writes docs/tensorflow-ops.md. */
import { writeFileSync } from 'node:fs'
import { opsTable } from '../dist/tests/fidelity/tensorflow-ops-table.js'

writeFileSync(new URL('../docs/tensorflow-ops.md', import.meta.url), opsTable())
