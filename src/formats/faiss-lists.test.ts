import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ascii, invertedFile, sampleLists as lists, matrix, u8, u64 } from '../../tests/faiss-file.js'
import type { Code } from '../core/errors.js'
import { parseFaissIndex } from './faiss-index.js'

const huge = 2n ** 64n - 1n
/** Where the lists of `lists` begin: behind two headers, the centroids and an empty direct map. */
const listsAt = 4 + 33 + 16 + 4 + 33 + 8 + 24 + 9

/** The inverted file with other bytes from the lists on. */
const withLists = (...parts: Buffer[]) => Buffer.concat([invertedFile(lists).subarray(0, listsAt), ...parts])

const refused: readonly [string, Buffer, Code, RegExp][] = [
  // Inverted files
  [
    'an index not trained',
    invertedFile({ ...lists, isTrained: 0 }),
    'failed_precondition',
    /has not been trained/,
  ],
  ['no probes', invertedFile({ ...lists, nprobe: 0 }), 'failed_precondition', /nprobe is 0.*\(at byte 45\)/],
  [
    'more lists than centroids',
    invertedFile({ ...lists, lists: huge }),
    'data_loss',
    /3 centroids of width 2 for 18446744073709551615 lists/,
  ],
  [
    'centroids of another width',
    invertedFile({ ...lists, quantizer: { vectors: matrix(1, 1, 2, 3) } }),
    'data_loss',
    /3 centroids of width 1 for 3 lists of vectors of width 2/,
  ],
  [
    'a direct map there is not',
    invertedFile({ ...lists, directMap: Buffer.concat([u8(3), u64(0)]) }),
    'data_loss',
    /no direct map 3/,
  ],
  [
    'a direct map without end',
    invertedFile({ ...lists, directMap: Buffer.concat([u8(1), u64(huge)]) }),
    'data_loss',
    /direct map: 18446744073709551615/,
  ],
  // Lists
  [
    'lists that are elsewhere',
    withLists(ascii('il00')),
    'failed_precondition',
    /\(il00\) are not in the file \(at byte 131\)/,
  ],
  [
    'lists on disk',
    withLists(ascii('ilod')),
    'failed_precondition',
    /inverted lists ilod are not supported; supported are ilar/,
  ],
  [
    'lists of no type',
    withLists(ascii('ix\r\n')),
    'data_loss',
    /'ix\\x0d\\x0a' is not the type of inverted lists/,
  ],
  [
    'other lists than centroids',
    withLists(ascii('ilar'), u64(4, 8), ascii('full')),
    'data_loss',
    /4 lists of 8 bytes a vector, not the 3 lists of 8/,
  ],
  [
    'vectors of another size',
    withLists(ascii('ilar'), u64(3, 9), ascii('full')),
    'data_loss',
    /3 lists of 9 bytes a vector/,
  ],
  [
    'sizes of no form',
    withLists(ascii('ilar'), u64(3, 8), ascii('some'), u64(0)),
    'data_loss',
    /'full' or 'sprs', not 'some'/,
  ],
  [
    'too few sizes',
    withLists(ascii('ilar'), u64(3, 8), ascii('full'), u64(2, 1, 1)),
    'data_loss',
    /2 sizes for 3 lists/,
  ],
  [
    'an odd number of pairs',
    withLists(ascii('ilar'), u64(3, 8), ascii('sprs'), u64(3, 0, 1, 1)),
    'data_loss',
    /3 numbers are no pairs/,
  ],
  [
    'a list there is not',
    withLists(ascii('ilar'), u64(3, 8), ascii('sprs'), u64(2, 3, 1)),
    'data_loss',
    /list 3 is not from 0 to 2/,
  ],
  [
    'a list given twice',
    withLists(ascii('ilar'), u64(3, 8), ascii('sprs'), u64(4, 1, 1, 1, 1)),
    'data_loss',
    /list 1 is not from 2 to 2/,
  ],
  [
    'sizes that overflow',
    withLists(ascii('ilar'), u64(3, 8), ascii('full'), u64(3, huge, 1, 3)),
    'data_loss',
    /hold 18446744073709551619 vectors, the index says 3/,
  ],
  [
    'lists that end early',
    invertedFile({
      ...lists,
      count: 400,
      members: [
        { ids: Array(400).fill(0), values: [] },
        ...lists.members.slice(1, 2),
        { ids: [], values: [] },
      ],
    }),
    'data_loss',
    /400 vectors of width 2 do not fit into the 3200 bytes left/,
  ],
  [
    'an id in a list that is too large',
    invertedFile({ ...lists, members: [{ ids: [2n ** 53n], values: [1, 2] }, ...lists.members.slice(1)] }),
    'failed_precondition',
    /id in a list: 9007199254740992 is not/,
  ],
]
for (const [name, bytes, code, message] of refused) {
  test(`refused: ${name}`, () =>
    assert.rejects(parseFaissIndex(bytes, 'faiss_index.bin'), { name: 'RecserveError', code, message }))
}
