import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellBudget } from './cell-budget.js'

test('lets a file have a cell per byte, and a small one some millions', () => {
  const large = new CellBudget('a.inter', 2 ** 25)
  large.spendRow(1, 2 ** 25)
  assert.throws(() => large.spendRow(2, 1), {
    code: 'resource_exhausted',
    message: /a\.inter: with 2 rows of 1 /,
  })
  const small = new CellBudget('a.inter', 10)
  small.spendRow(1, 2 ** 24)
  assert.throws(() => small.spendValues(3, 4), { code: 'resource_exhausted', message: /lists of 7 values/ })
})

test('refuses rows, fields and lists that an array cannot hold, whatever the size of the file', () => {
  const budget = new CellBudget('a.inter', 2 ** 40)
  const refused = { code: 'resource_exhausted' }
  assert.throws(() => budget.checkFields(2 ** 14 + 1), refused)
  assert.throws(() => budget.spendRow(2 ** 26 + 1, 1), refused)
  assert.throws(() => budget.spendValues(2 ** 26, 1), refused)
  assert.throws(() => budget.spendRow(1, 2 ** 28), refused)
})
