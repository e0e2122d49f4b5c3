/** Every recorded case of a single op must be answered as TensorFlow did; ops without a kernel are counted and named. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { OpTable } from '../../src/engines/tensorflow/op.js'
import { skipWithoutFixtures } from '../project.js'
import { checkOpCase, opFamilies, readOpCases } from './op-cases.js'

const skip = skipWithoutFixtures()
const ops = await loadTables()

/** The composed table; until ops/index.ts exists, every table beside it. */
async function loadTables(): Promise<OpTable> {
  const directory = new URL('../../src/engines/tensorflow/ops/', import.meta.url)
  const index = new URL('index.js', directory)
  const files = existsSync(index)
    ? ['index.js']
    : readdirSync(directory).filter((file) => /^\w+\.js$/.test(file))
  const tables = await Promise.all(files.map((file) => import(new URL(file, directory).href)))
  return Object.assign({}, ...tables.flatMap((module) => Object.values(module)))
}

describe('TensorFlow ops answer as TensorFlow does', { skip }, () => {
  for (const family of skip ? [] : opFamilies()) {
    test(family, () => {
      const { cases, graphs, lost } = readOpCases(family)
      const known = cases.filter(({ op }) => op in ops)
      const missing = new Set(cases.filter(({ op }) => !(op in ops)).map(({ op }) => op))
      const faults = known.flatMap((recorded) => {
        const fault = checkOpCase(recorded, ops)
        return fault
          ? [`${recorded.op} ${JSON.stringify(recorded.attrs)} ${recorded.note ?? ''}: ${fault}`]
          : []
      })
      const leftOut = [graphs && `${graphs} graphs`, lost && `${lost} recorded without their inputs`].filter(
        Boolean,
      )
      console.log(
        `${family}: ${known.length - faults.length}/${cases.length} cases${leftOut.length ? `, besides ${leftOut.join(', ')}` : ''}`,
      )
      if (missing.size > 0) console.log(`  without a kernel (${missing.size}): ${[...missing].join(', ')}`)
      assert.deepEqual(faults, [])
    })
  }
})
