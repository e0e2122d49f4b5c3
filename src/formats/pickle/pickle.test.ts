import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ascii,
  Code,
  call,
  dict,
  encode,
  global,
  object,
  type Pickled,
  pickle,
  tuple,
  u32,
  u64,
} from '../../../tests/pickle-file.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import { RecserveError } from '../../core/errors.js'
import { PickleBudget } from './budget.js'
import { parsePickle, parsePickleInTurns } from './pickle.js'
import { PickleGlobal, PickleObject, type PickleValue } from './value.js'
import { walkPickle } from './walk.js'

const parse = (value: Pickled) => parsePickle(pickle(value), 'a.pkl')
const parseCode = (...parts: readonly (Buffer | string)[]) =>
  parsePickle(Buffer.concat(parts.map((part) => (typeof part === 'string' ? ascii(part) : part))), 'a.pkl')

function asObject(value: PickleValue | undefined): PickleObject {
  assert.ok(value instanceof PickleObject)
  return value
}

test('gives plain data back: numbers, text, bytes, lists, dicts in order', () => {
  const value = new Map<Pickled, Pickled>([
    ['__proto__', [null, true, false]],
    [1, [-1, 0.1, 2 ** 40, 2n ** 70n, -(2n ** 70n)]],
    ['é😀', Buffer.of(0, 255)],
  ])
  const found = parse(value) as ReadonlyMap<PickleValue, PickleValue>
  assert.deepEqual([...found.keys()], ['__proto__', 1, 'é😀'])
  assert.deepEqual(found.get(1), [-1, 0.1, 2 ** 40, 2n ** 70n, -(2n ** 70n)])
  assert.deepEqual(found.get('é😀'), Uint8Array.of(0, 255))
  assert.deepEqual(found.get('__proto__'), [null, true, false])
  assert.equal(({} as Record<string, unknown>)[0], undefined)
})

for (const [what, code, expected] of [
  ['INT', 'I-5\n.', -5],
  ['INT of a boolean', 'I01\n.', true],
  ['LONG', 'L36893488147419103232L\n.', 2n ** 65n],
  ['LONG1 of nothing', Buffer.of(0x8a, 0, 0x2e), 0],
  ['LONG4', Buffer.concat([Buffer.of(0x8b), u32(2), Buffer.of(0, 255, 0x2e)]), -256],
  ['FLOAT', 'F-1.5e3\n.', -1500],
  ['FLOAT that is infinite', 'F-inf\n.', Number.NEGATIVE_INFINITY],
  ['STRING', "S'a\\x41\\n\\'\\\\'\n.", "aA\n'\\"],
  ['BINSTRING', Buffer.concat([ascii('T'), u32(1), Buffer.of(0xe9, 0x2e)]), 'é'],
  ['UNICODE', 'Va\\u00e9\\U0001f600\\u005cu0041\n.', 'aé😀\\u0041'],
  ['SHORT_BINUNICODE', Buffer.of(0x8c, 1, 0x61, 0x2e), 'a'],
  ['BINUNICODE8', Buffer.concat([Buffer.of(0x8d), u64(1), ascii('a.')]), 'a'],
  ['BINBYTES8', Buffer.concat([Buffer.of(0x8e), u64(1), ascii('a.')]), Uint8Array.of(0x61)],
  ['BYTEARRAY8', Buffer.concat([Buffer.of(0x96), u64(1), ascii('a.')]), Uint8Array.of(0x61)],
  ['LIST and GET', '(lp0\ng0\na0g0\n.', undefined],
  ['DICT', '(K\x01K\x02d.', new Map([[1, 2]])],
  ['DUP and POP', 'K\x01K\x0220.', 2],
  ['POP of a mark', 'K\x01(K\x02\x30\x30.', 1],
  ['POP_MARK', 'K\x01(K\x02K\x031.', 1],
  ['ADDITEMS', Buffer.concat([Buffer.of(0x8f), ascii('(K\x01'), Buffer.of(0x90, 0x2e)]), new Set([1])],
  ['FROZENSET', Buffer.concat([ascii('(K\x01'), Buffer.of(0x91, 0x2e)]), new Set([1])],
  ['MEMOIZE and BINGET', Buffer.concat([ascii(']'), Buffer.of(0x94), ascii('0h\0.')]), []],
  ['memos out of order', 'K\x01p7\nK\x02p0\ng7\n\x86.', [2, 1]],
  ['FRAME', Buffer.concat([Buffer.of(0x95), u64(3), ascii('K\x07.')]), 7],
] as const) {
  test(`understands ${what}`, () => {
    const found = parseCode(code as Buffer)
    if (expected === undefined) assert.equal((found as unknown[])[0], found)
    else assert.deepEqual(found, expected)
  })
}

test('turns containers of the library into plain ones', () => {
  const pairs = [tuple('b', 1), tuple('a', 2)]
  assert.deepEqual(
    [...(parse(call('collections.OrderedDict', pairs)) as Map<string, number>)],
    [
      ['b', 1],
      ['a', 2],
    ],
  )
  assert.deepEqual(parse(call('__builtin__.set', [1, 2])), new Set([1, 2]))
  assert.deepEqual(parse(call('collections.deque', [1], 5)), [1])
  assert.deepEqual(parse(call('_codecs.encode', 'é', 'latin1')), Uint8Array.of(0xe9))
  const withAttributes = new Code(call('collections.OrderedDict').bytes, encode(dict({ _metadata: 1 })), 'b')
  assert.deepEqual(parse(withAttributes), new Map())
})

test('keeps objects, enum members and nested calls as records, by every opcode that makes them', () => {
  const config = asObject(parse(object('recbole.config.configurator.Config', { model: 'SASRec' })))
  assert.equal(config.path, 'recbole.config.configurator.Config')
  assert.equal(config.attributes?.get('model'), 'SASRec')
  assert.deepEqual(asObject(parse(call('recbole.utils.enum_type.ModelType', 2))).args, [2])
  const inst = asObject(parseCode('(K\x01ia\nB\n.'))
  assert.deepEqual([inst.path, inst.args], ['a.B', [1]])
  assert.deepEqual(asObject(parseCode('(ca\nB\nK\x01o.')).args, [1])
  const withKwargs = asObject(parseCode('ca\nB\n)}', encode('k'), 'K\x01s', Buffer.of(0x92), '.'))
  assert.deepEqual(withKwargs.kwargs, new Map([['k', 1]]))
  const nested = asObject(parseCode(call('functools.partial', global('a.f')).bytes, ')R.'))
  assert.equal(nested.path, 'operator.call')
  const list = asObject(parse(new Code(object('a.MyList').bytes, '(K\x01K\x02e', '(', encode('k'), 'Nu')))
  assert.deepEqual([list.items, [...list.entries]], [[1, 2], [['k', null]]])
  const slots = asObject(parse(new Code(call('a.B').bytes, tuple(dict({ x: 1 }), dict({ y: 2 })).bytes, 'b')))
  assert.deepEqual(slots.attributes, new Map([['x', 1]]))
  const old = asObject(
    parse(call('copy_reg._reconstructor', global('a.B'), global('__builtin__.object'), null)),
  )
  assert.deepEqual([old.path, old.args], ['a.B', []])
})

const evil = [
  'os.system',
  'posix.system',
  'builtins.eval',
  '__builtin__.exec',
  'subprocess.Popen',
  'builtins.getattr',
]
for (const path of evil) {
  test(`runs nothing: ${path} stays a record, however it is called`, () => {
    const marker = join(temporaryFolder('pickle'), 'was-here')
    const command = `touch ${marker}`
    const called = [
      call(path, command).bytes,
      Buffer.concat([global(path).bytes, tuple(command).bytes, Buffer.of(0x81)]),
      Buffer.concat([ascii('('), global(path).bytes, encode(command), ascii('o')]),
      Buffer.concat([
        ascii('('),
        encode(command),
        ascii(`i${path.slice(0, path.lastIndexOf('.'))}\n${path.split('.').at(-1)}\n`),
      ]),
      Buffer.concat([
        encode(path.split('.')[0]!),
        encode(path.split('.')[1]!),
        Buffer.of(0x93),
        tuple(command).bytes,
        ascii('R'),
      ]),
    ]
    for (const code of called) {
      const found = asObject(parseCode(code, '.'))
      assert.equal(found.path, path.replace('__builtin__', 'builtins'))
      assert.deepEqual(found.args, [command])
    }
    const bare = parse(global(path))
    assert.ok(bare instanceof PickleGlobal)
    assert.ok(!existsSync(marker))
  })
}

for (const [what, bytes, code, message] of [
  ['no pickle', ascii('nonsense'), 'data_loss', /0x6e where an opcode is due/],
  ['an empty file', Buffer.of(), 'data_loss', /ends within/],
  ['a cut one', pickle('abc').subarray(0, 6), 'data_loss', /ends within/],
  ['protocol 6', Buffer.of(0x80, 6, 0x2e), 'failed_precondition', /protocol 6; 0 to 5/],
  ['a byte that is no opcode', Buffer.of(0x80, 4, 0xff), 'data_loss', /0xff .*at byte 2/],
  ['text beyond the end', Buffer.concat([Buffer.of(0x8d), u64(2n ** 63n)]), 'data_loss', /ends within/],
  [
    'an integer of 4 GB',
    Buffer.concat([Buffer.of(0x8b), u32(0xffffffff)]),
    'data_loss',
    /an integer of 4294967295/,
  ],
  ['an integer of endless digits', ascii(`L${'9'.repeat(100_000)}L\n.`), 'data_loss', /an integer is due/],
  ['an empty stack', ascii('.'), 'data_loss', /takes more from its stack/],
  ['a list below a mark', ascii('](a.'), 'data_loss', /takes more/],
  ['no mark', ascii('t.'), 'data_loss', /no mark/],
  ['marks without end', Buffer.alloc(100_000, '('), 'resource_exhausted', /more than 10000 marks/],
  ['a memo that is not set', ascii('h\x05.'), 'data_loss', /memo 5/],
  ['an odd number of items', ascii('}(Nu.'), 'data_loss', /key without a value/],
  ['a call of a number', ascii('K\x01)R.'), 'data_loss', /calls what is no global/],
  ['a call with no tuple', ascii('ca\nb\nNR.'), 'data_loss', /arguments that are no tuple/],
  ['appending to a number', ascii('K\x01K\x02a.'), 'data_loss', /appends to what is no list/],
  ['setting the state of a number', ascii('K\x01Nb.'), 'data_loss', /sets the state/],
  ['a persistent id', ascii('Px\n.'), 'failed_precondition', /persistent id/],
  ['the extension registry', Buffer.of(0x82, 1, 0x2e), 'failed_precondition', /extension registry/],
  ['buffers out of band', Buffer.of(0x97, 0x2e), 'failed_precondition', /outside of the file/],
  [
    'nesting without end',
    ascii(`${']'.repeat(100_000)}${'a'.repeat(99_999)}.`),
    'failed_precondition',
    /deeper than 2000/,
  ],
  [
    'nesting by tuples',
    Buffer.concat([ascii(')'), Buffer.alloc(100_000, 0x85), ascii('.')]),
    'failed_precondition',
    /deeper/,
  ],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parsePickle(bytes, 'a.pkl'),
      (error) =>
        error instanceof RecserveError &&
        error.code === code &&
        message.test(error.message) &&
        error.message.startsWith('a.pkl: '),
    )
  })
}

test('a memo bomb is as small as its file: what is shared is there once, and walked once', () => {
  // Each tuple holds the one before twice: 2^1000 leaves.
  const double = Buffer.concat([ascii('2'), Buffer.of(0x86)])
  const value = parseCode(ascii('K\x01'), Buffer.concat(Array(1000).fill(double)), '.')
  let count = 0
  walkPickle(value, { maxDepth: 2000 }, () => count++)
  assert.equal(count, 1000)
})

test('refuses what builds more than its budget, copies of shared data too', () => {
  const budget = () => ({ budget: new PickleBudget(100_000) })
  const dicts = Buffer.concat([ascii('('), Buffer.alloc(1000, '}'), ascii('t.')])
  assert.throws(() => parsePickle(dicts, 'a.pkl', budget()), { code: 'resource_exhausted' })
  const big = encode(Array(1000).fill(null))
  const copy = Buffer.concat([global('builtins.set').bytes, ascii('h\0'), Buffer.of(0x85), ascii('R0')])
  const copies = Buffer.concat([big, ascii('q\0'), ...Array(100).fill(copy), ascii('.')])
  assert.throws(() => parsePickle(copies, 'a.pkl', budget()), { code: 'resource_exhausted' })
})

test('reads in turns what it reads at once, and ends when told to', async () => {
  const bytes = pickle(Array.from({ length: 50_000 }, (_, i) => i))
  let turns = 0
  const turn = async () => void turns++
  assert.deepEqual(await parsePickleInTurns(bytes, 'a.pkl', { turn }), parsePickle(bytes, 'a.pkl'))
  assert.ok(turns >= 2)
  const stop = async () => Promise.reject(new RecserveError('cancelled', 'stopped'))
  await assert.rejects(parsePickleInTurns(bytes, 'a.pkl', { turn: stop }), { code: 'cancelled' })
})
