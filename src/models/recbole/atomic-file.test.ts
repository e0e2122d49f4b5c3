import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import { type AtomicFileOptions, readAtomicFile } from './atomic-file.js'
import type { AtomicTable } from './atomic-table.js'

const defaults: AtomicFileOptions = {
  separator: '\t',
  sequenceSeparator: ' ',
  encoding: 'utf-8',
  selects: () => true,
}

function read(content: string | Buffer, options: Partial<AtomicFileOptions> = {}) {
  const path = join(temporaryFolder('atomic'), 'some.inter')
  writeFileSync(path, content)
  return readAtomicFile(path, { ...defaults, ...options })
}

function cells(table: AtomicTable | undefined, field: string): unknown[] {
  const column = table?.columns.get(field)
  if (column?.kind === 'token') return [...column.codes].map((code) => column.dictionary[code] ?? null)
  if (column?.kind === 'float') return [...column.values]
  if (column?.kind === 'token_seq' || column?.kind === 'float_seq') {
    const values =
      column.kind === 'token_seq'
        ? [...column.codes].map((code) => column.dictionary[code])
        : [...column.values]
    return [...column.offsets.subarray(1)].map((end, row) => values.slice(column.offsets[row], end))
  }
  throw new Error(`no field ${field}`)
}

test('reads the four types of fields, and only the selected ones', async () => {
  const file = 'user_id:token\tscore:float\ttags:token_seq\tvec:float_seq\nu1\t3.5\ta b a\t1 2e1\nu2\t\t\t\n'
  const table = await read(file)
  assert.deepEqual(cells(table, 'user_id'), ['u1', 'u2'])
  assert.deepEqual(cells(table, 'score'), [3.5, Number.NaN])
  assert.deepEqual(cells(table, 'tags'), [['a', 'b', 'a'], []])
  assert.deepEqual(cells(table, 'vec'), [[1, 20], []])
  const selected = await read(file, { selects: (field) => field === 'score', sequenceLimits: new Map() })
  assert.deepEqual([...selected!.columns.keys()], ['score'])
  assert.equal(await read(file, { selects: () => false }), undefined)
})

test('takes for missing what pandas takes for missing, in token columns too', async () => {
  const table = await read('item_id:token\tk:token\nNA\t1\nnull\t2\nNone\t3\n\t4\nna\t5\nshort\n')
  assert.deepEqual(cells(table, 'item_id'), [null, null, null, null, 'na', 'short'])
  assert.deepEqual(cells(table, 'k'), ['1', '2', '3', '4', '5', null])
})

test('opens quotes at the start of a cell only, and keeps separators, quotes and line ends inside them', async () => {
  const table = await read('a:token\tb:token\n"x\ty"\t5" disk\n"say ""hi"""z\t"two\nlines"\n')
  assert.deepEqual(cells(table, 'a'), ['x\ty', 'say "hi"z'])
  assert.deepEqual(cells(table, 'b'), ['5" disk', 'two\nlines'])
})

test('reads line ends of every system, blank lines and a missing last one', async () => {
  assert.deepEqual(cells(await read('a:token\r\n1\r\n\r\n2'), 'a'), ['1', '2'])
  assert.deepEqual(cells(await read('a:token\r1\r2\r'), 'a'), ['1', '2'])
})

test('gives the same rows wherever a read of the file ends', async () => {
  const rows = Array.from({ length: 40_000 }, (_, row) => `ü${row}\t"q${row}\r\n\t"`)
  const table = await read(`a:token\tb:token\r\n${rows.join('\r\n')}\r\n`)
  assert.equal(table?.rowCount, rows.length)
  assert.equal(cells(table, 'a').at(-1), 'ü39999')
  assert.equal(cells(table, 'b')[12_345], 'q12345\r\n\t')
})

test('reads other separators and encodings, limits sequences', async () => {
  const latin = Buffer.from('a:token,b:token_seq\né,1;2;3\n', 'latin1')
  const options = {
    separator: ',',
    sequenceSeparator: ';',
    encoding: 'latin-1',
    sequenceLimits: new Map([['b', 2]]),
  }
  const table = await read(latin, options)
  assert.deepEqual(cells(table, 'a'), ['é'])
  assert.deepEqual(cells(table, 'b'), [['1', '2']])
  assert.deepEqual(cells(await read('a:token::b:token\n1::2\n', { separator: '::' }), 'b'), ['2'])
})

for (const [what, content, message] of [
  ['an empty file', '', /some\.inter: is empty/],
  [
    'a header without types',
    'user_id\titem_id\n',
    /some\.inter line 1: the header has "user_id" where field:type is expected/,
  ],
  ['an unknown type', 'user_id:text\n', /line 1: field user_id has the type "text"/],
  ['a field twice', 'a:token\ta:float\n', /line 1: field a is there twice/],
  ['too many cells', 'a:token\n1\n\n2\t3\n', /some\.inter line 4: 2 cells, the header names 1/],
  ['text for a number', 'a:float\n1\n"x\ny"\n', /line 3: field a: "x\\ny" is not a number/],
  ['text in a sequence of numbers', 'a:float_seq\n1 b\n', /line 2: field a: "b" is not a number/],
  ['an open quote', 'a:token\n1\n"never closed\n2\n', /line 3: a quoted cell is not closed/],
  ['an endless quoted cell', `a:token\n"${'x'.repeat(140_000)}"\n`, /line 2: a quoted cell does not end/],
  ['bytes of another encoding', Buffer.from('a:token\né\n', 'latin1'), /is not text in the encoding utf-8/],
] as const) {
  test(`refuses ${what}, saying where`, async () => {
    await assert.rejects(read(content), { code: 'data_loss', message })
  })
}

test('refuses a separator that is a regular expression and an unknown encoding', async () => {
  await assert.rejects(read('a:token\n', { separator: '\\s+' }), { code: 'unimplemented' })
  await assert.rejects(read('a:token\n', { encoding: 'klingon' }), {
    code: 'unimplemented',
    message: /klingon/,
  })
})

test('a file that is not there is not found', async () => {
  await assert.rejects(readAtomicFile('/nowhere/some.inter', defaults), {
    code: 'not_found',
    message: /^some\.inter: no such file/,
  })
})

test('refuses a small file of short rows under a wide header, and lets other work go on meanwhile', async () => {
  const header = Array.from({ length: 10_000 }, (_, at) => `f${at}:token`).join('\t')
  const file = `${header}\n${'x\n'.repeat(5_000)}`
  let longestMs = 0
  let restedAt = performance.now()
  const ticks = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - restedAt)
    restedAt = performance.now()
  }, 1)
  await assert.rejects(read(file), {
    code: 'resource_exhausted',
    message: /some\.inter: with \d+ rows of 10000 fields/,
  })
  clearInterval(ticks)
  assert.ok(longestMs < 1_000, `${longestMs} ms without a turn`)
  const table = await read(file, { selects: (field) => field === 'f3' || field === 'f0' })
  assert.deepEqual([table?.rowCount, [...table!.columns.keys()]], [5_000, ['f0', 'f3']])
})

test('refuses more fields than a model can have, where they are to be read', async () => {
  const file = `${Array.from({ length: 20_000 }, (_, at) => `f${at}:float`).join('\t')}\n1\n`
  await assert.rejects(read(file), { code: 'resource_exhausted', message: /20000 fields/ })
  assert.equal(
    (await read(file, { selects: (field, type) => field === 'f7' && type === 'float' }))?.rowCount,
    1,
  )
})
