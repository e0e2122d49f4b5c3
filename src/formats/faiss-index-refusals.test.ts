import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ascii,
  f32,
  sampleFlat as flat,
  flatIndex,
  header,
  idMap,
  invertedFile,
  sampleLists as lists,
  u8,
  u64,
} from '../../tests/faiss-file.js'
import type { Code } from '../core/errors.js'
import { parseFaissIndex } from './faiss-index.js'

const huge = 2n ** 64n - 1n

const refused: readonly [string, Buffer, Code, RegExp][] = [
  // Types
  [
    'bytes that are no index',
    ascii('{"0":[1]}'),
    'data_loss',
    /'\{"0"' is not the type of a faiss index \(at byte 0\)/,
  ],
  ['zeros', Buffer.alloc(100), 'data_loss', /'\\x00\\x00\\x00\\x00' is not the type/],
  ...['IHNf', 'IxPq', 'IwPQ', 'IxPT', 'IvFl', 'IwFd', 'IBxF', 'null'].map(
    (type) =>
      [
        `an index of type ${type}`,
        ascii(`${type}….`),
        'failed_precondition',
        new RegExp(`index type ${type} is not supported; supported are IwFl .*IxFI.*IxM2.* \\(at byte 0\\)`),
      ] as [string, Buffer, Code, RegExp],
  ),
  [
    'a quantizer that is not flat',
    invertedFile({ ...lists, quantizer: { ...lists.quantizer, type: 'IHNf' } }),
    'failed_precondition',
    /quantizer type IHNf is not supported; supported are IxFI, IxF2 and IxFl \(flat\) \(at byte 53\)/,
  ],
  [
    'an id map over something not flat',
    idMap({ ...flat, type: 'IwFl' }, [0, 1, 2]),
    'failed_precondition',
    /mapped index type IwFl is not supported/,
  ],
  // Headers
  [
    'width 0',
    flatIndex({ ...flat, width: 0 }),
    'data_loss',
    /width 0 is not from 1 to 1048576 \(at byte 4\)/,
  ],
  ['a width below 0', flatIndex({ ...flat, width: -5 }), 'data_loss', /width -5 is not/],
  ['too large a width', flatIndex({ ...flat, width: 2 ** 20 + 1 }), 'data_loss', /width 1048577 is not/],
  [
    'a truth that is neither',
    flatIndex({ ...flat, isTrained: 2 }),
    'data_loss',
    /2 is neither true nor false \(at byte 32\)/,
  ],
  [
    'a metric there is not',
    flatIndex({ ...flat, type: 'IxFl', metric: 5 }),
    'data_loss',
    /no metric 5 \(at byte 33\)/,
  ],
  ...(
    [
      [2, 'L1'],
      [4, 'Lp'],
      [23, 'Jaccard'],
    ] as const
  ).map(
    ([metric, name]) =>
      [
        `metric ${name}`,
        flatIndex({ ...flat, type: 'IxFl', metric }),
        'failed_precondition',
        new RegExp(`metric ${name} is not supported: inner product and L2 are`),
      ] as [string, Buffer, Code, RegExp],
  ),
  [
    'a metric that is not the type’s',
    flatIndex({ ...flat, metric: 1 }),
    'data_loss',
    /an IxFI index with metric l2/,
  ],
  // Flat vectors
  [
    'fewer vectors than told',
    flatIndex({ ...flat, count: 4 }),
    'data_loss',
    /6 values for 4 vectors of width 2 \(at byte 37\)/,
  ],
  [
    'a product that overflows',
    flatIndex({ ...flat, count: 2n ** 63n + 3n }),
    'data_loss',
    /6 values for 9223372036854775811/,
  ],
  [
    'more values than bytes',
    Buffer.concat([ascii('IxFI'), header({ width: 2, count: 3 }), u64(huge), f32([1, 2])]),
    'data_loss',
    /flat vectors: 18446744073709551615 of 4 bytes each, but 8 bytes are left \(at byte 37\)/,
  ],
  [
    'bytes left over',
    Buffer.concat([flatIndex(flat), u8(0)]),
    'data_loss',
    /1 bytes are left over behind the index \(at byte 69\)/,
  ],
  // Id maps
  ['an id map of another length', idMap(flat, [0, 1]), 'data_loss', /2 ids for 3 vectors/],
  [
    'an id map over another count',
    idMap({ ...flat, count: 2, width: 3 }, [0, 1]),
    'data_loss',
    /over 3 vectors of width 2 .* holds 2 of width 3/,
  ],
  [
    'a mapped id below 0',
    idMap(flat, [0, 1, huge]),
    'failed_precondition',
    /id: -1 is not from 0 to 2\^53 - 1/,
  ],
]
for (const [name, bytes, code, message] of refused) {
  test(`refused: ${name}`, () =>
    assert.rejects(parseFaissIndex(bytes, 'faiss_index.bin'), { name: 'RecserveError', code, message }))
}
