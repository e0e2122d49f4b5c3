/** Every recorded case of a single op must be answered as TensorFlow did; ops without a kernel are counted and named. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pureOps } from '../../src/engines/tensorflow/ops/index.js'
import { skipWithoutFixtures } from '../project.js'
import { checkOpCase, opFamilies, readOpCases } from './op-cases.js'

const skip = skipWithoutFixtures()
describe('TensorFlow ops answer as TensorFlow does', { skip }, () => {
  for (const family of skip ? [] : opFamilies()) {
    test(family, () => {
      const { cases, graphs, lost } = readOpCases(family)
      const known = cases.filter(({ op }) => op in pureOps)
      const missing = new Set(cases.filter(({ op }) => !(op in pureOps)).map(({ op }) => op))
      const faults = known.flatMap((recorded) => {
        const fault = checkOpCase(recorded, pureOps)
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
