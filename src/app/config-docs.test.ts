import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../tests/project.js'
import { toConfigMarkdown } from './config-docs.js'
import { optionNames } from './options.js'

test('docs/config.md is what the table says (if not: npm run docs)', () => {
  assert.equal(readFileSync(join(projectRoot, 'docs', 'config.md'), 'utf8'), toConfigMarkdown())
})

test('the page has a row of five cells for every option', () => {
  const rows = toConfigMarkdown()
    .split('\n')
    .filter((line) => line.includes('`RECSERVE_') && line.startsWith('| `'))
  for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, 7, row)
  assert.equal(rows.length, optionNames.length)
})
