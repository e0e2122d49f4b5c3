import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { NumpyArray } from '../../src/formats/pickle/numpy-array.js'
import { isDataFrame, toDataFrame } from '../../src/formats/pickle/pandas.js'
import { readPickle } from '../../src/formats/pickle/pickle.js'
import { isSparse, toSparseMatrix } from '../../src/formats/pickle/scipy.js'
import {
  PickleExtension,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from '../../src/formats/pickle/value.js'
import { walkPickle } from '../../src/formats/pickle/walk.js'
import { Code, call, dict, global, int64s, ndarray, object, pickle, tuple } from '../pickle-file.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const frame = object('pandas.core.frame.DataFrame', {
  _mgr: call(
    'pandas.core.internals.managers.BlockManager',
    tuple(
      call(
        'pandas._libs.internals._unpickle_block',
        ndarray({ code: 'O8', shape: [2, 2], content: ['x', 'y', 1, null] }),
        call('builtins.slice', 0, 2, 1),
        2,
      ),
    ),
    [
      call(
        'pandas.core.indexes.base._new_Index',
        global('pandas.Index'),
        dict({ data: ndarray({ code: 'O8', shape: [2], content: ['a', 'b'] }) }),
      ),
      call(
        'pandas.core.indexes.base._new_Index',
        global('pandas.RangeIndex'),
        dict({ start: 0, stop: 2, step: 1 }),
      ),
    ],
  ),
})
const sparse = object('scipy.sparse._csr.csr_matrix', {
  _shape: tuple(2, 3),
  data: int64s(5, 6, 7),
  indices: int64s(1, 0, 2),
  indptr: int64s(0, 1, 3),
})
const text = ndarray({
  code: 'U2',
  shape: [2],
  content: new Uint8Array(Uint32Array.of(0xe9, 0, 0x61, 0x62).buffer),
})
const text0 = "(lp0\nI1\naL5L\naF1.5\naS'a\\x41'\naVb\\u00e9\naI01\nag0\na."

const seedFiles: Readonly<Record<string, Buffer>> = {
  'plain data': pickle([
    dict({ a: [1, 2.5, 2n ** 70n, null, true], b: Buffer.of(1, 2) }),
    tuple(1, 'x'),
    call('os.system', 'x'),
  ]),
  arrays: pickle(
    tuple(
      text,
      int64s(1, 2),
      ndarray({ code: 'f2', shape: [2, 2], isFortran: true, content: Buffer.alloc(8, 0x3c) }),
    ),
  ),
  'a table and a sparse matrix': pickle([frame, sparse]),
  'protocol 0': new Code(text0).bytes,
}

/** Reads, and makes sure that all that comes out is data, and that what says it is an array can be read as one. */
async function read(path: string): Promise<void> {
  const value = await readPickle(path, { maxBytes: 2 ** 20 })
  walkPickle(value, { maxDepth: 2000 }, checkChildren)
  for (const part of Array.isArray(value) ? value : [value]) toPlain(part, path)
}

function checkChildren(value: PickleValue): void {
  assert.ok(Array.isArray(value) || [Map, Set, PickleObject].some((kind) => value instanceof kind))
  if (!Array.isArray(value)) return
  for (const part of value) {
    const isLeaf = part === null || ['boolean', 'number', 'bigint', 'string'].includes(typeof part)
    const isKnown = [Array, Map, Set, Uint8Array, PickleObject, PickleGlobal, PickleExtension]
    assert.ok(isLeaf || isKnown.some((kind) => part instanceof kind), String(part))
  }
}

/** Who asks for the content of a container adds the file's name to what is wrong with it. */
function toPlain(part: PickleValue, path: string): void {
  try {
    if (part instanceof NumpyArray) assert.equal(part.toValues().length, part.size)
    if (isSparse(part)) toSparseMatrix(part)
    if (isDataFrame(part)) {
      const { rows, columns } = toDataFrame(part)
      for (const column of columns.values()) assert.equal(column.toValues().length, rows)
    }
  } catch (thrown) {
    if (!(thrown instanceof RecserveError)) throw thrown
    throw new RecserveError(thrown.code, `${path.split('/').at(-1)}: ${thrown.message}`)
  }
}

for (const [name, seedFile] of Object.entries(seedFiles)) {
  test(`readPickle answers or refuses ${name}, spoilt (${fuzzIterations} files)`, async (t: TestContext) => {
    const options = { name, basename: 'model.pkl', seedFile, read, iterations: fuzzIterations, seed: 1 }
    const { answered, refused } = await fuzzReader(options)
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500) {
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
    }
  })
}
