/** Writes docs/config.md from the built table of options. */
import { writeFileSync } from 'node:fs'
import { toConfigMarkdown } from '../dist/src/app/config-docs.js'

writeFileSync(new URL('../docs/config.md', import.meta.url), toConfigMarkdown())
