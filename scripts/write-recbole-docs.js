/** Serves RecBole's models from the fixtures, compares, and writes docs/recbole.md. */
import { writeFileSync } from 'node:fs'
import { recBoleTable } from '../dist/tests/fidelity/recbole-table.js'

writeFileSync(new URL('../docs/recbole.md', import.meta.url), await recBoleTable())
