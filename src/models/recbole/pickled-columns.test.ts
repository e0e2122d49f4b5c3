import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  call,
  dict,
  global,
  ndarray,
  object,
  type Pickled,
  pickle,
  tuple,
} from '../../../tests/pickle-file.js'
import { parsePickle } from '../../formats/pickle/pickle.js'
import { toPickledTable } from './pickled-columns.js'

const index = (type: string, parts: Readonly<Record<string, Pickled>>) =>
  call('pandas.core.indexes.base._new_Index', global(`pandas.core.indexes.${type}`), dict(parts))

/** A DataFrame of one column of objects, `tags`. */
function tableOf(...cells: readonly Pickled[]) {
  const values = ndarray({ code: 'O8', shape: [1, cells.length], content: [...cells] })
  const labels = ndarray({ code: 'O8', shape: [1], content: ['tags'] })
  const block = call('pandas._libs.internals._unpickle_block', values, call('builtins.slice', 0, 1, 1), 2)
  const axes = [
    index('base.Index', { data: labels, name: null }),
    index('range.RangeIndex', { name: null, start: 0, stop: cells.length, step: 1 }),
  ]
  const manager = call('pandas.core.internals.managers.BlockManager', tuple(block), axes)
  const frame = object('pandas.core.frame.DataFrame', { _mgr: manager, _typ: 'dataframe' })
  return toPickledTable(parsePickle(pickle(frame), 'd.pth'), 'd.pth')!
}

test('pads lists on the right to the longest', async () => {
  const { rows, width, values } = await tableOf([1, 2], [], [3]).read('tags')
  assert.deepEqual([rows, width, [...values]], [3, 2, [1, 2, 0, 0, 3, 0]])
})

test('refuses lists that are too large once they are padded, before anything is held', async () => {
  const long = new Array<number>(60_000).fill(1)
  const table = tableOf(long, ...new Array<Pickled>(2_500).fill([1]))
  await assert.rejects(table.read('tags'), {
    code: 'resource_exhausted',
    message: /d\.pth: field tags: 2501 rows padded to the longest one, 60000 values/,
  })
})

test('refuses cells of pairs, which are wider than they say', async () => {
  const content = new Uint8Array(new Float64Array(4).buffer)
  const complex = ndarray({ code: 'c16', shape: [2], content })
  await assert.rejects(tableOf(complex, [1]).read('tags'), { code: 'data_loss', message: /field tags/ })
})
