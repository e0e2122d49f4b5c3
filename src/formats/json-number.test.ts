import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberToken } from './json-number.js'

const token = new NumberToken()

/** The float32 of a text that must be one whole number. */
function float32(text: string): number {
  const bytes = Buffer.from(`${text}\0`)
  token.scan(bytes, 0)
  assert.ok(token.isValid && token.stop === text.length, `'${text}' is a number`)
  return token.toFloat32(bytes, 0)
}

function assertExact(text: string): void {
  const expected = Math.fround(Number(text))
  const found = float32(text)
  if (!Object.is(found, expected)) assert.fail(`'${text}' is ${expected}, not ${found}`)
}

/** Uniform 32-bit integers, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

const words = new Uint32Array(2)
const asDouble = new Float64Array(words.buffer)
const asFloat = new Float32Array(words.buffer)

/** Ways to write a random number, each exercising another path. */
const shapes: readonly ((random: () => number) => string)[] = [
  // Any float32 as Python writes it: subnormals included.
  (random) => {
    words[0] = random()
    return String(asFloat[0])
  },
  // Any double.
  (random) => {
    words[0] = random()
    words[1] = random()
    return String(asDouble[0])
  },
  // Doubles halfway between two float32 and their neighbours, written exactly or nearly so.
  (random) => {
    words[0] = random()
    const half = asFloat[0]! * (1 + 2 ** -24)
    return half.toPrecision(15 + (random() % 12))
  },
  // The size of embeddings, 1 to 21 digits.
  (random) => ((random() / 2 ** 32 - 0.5) * 2).toPrecision(1 + (random() % 21)),
  (random) => ((random() / 2 ** 32 - 0.5) * 2).toFixed(random() % 30),
  (random) => String(random() % 10 ** (1 + (random() % 9))),
  (random) => `${random()}${random()}${random()}`.replace(/^0+(?=\d)/, ''),
  (random) => `${random() % 10}.${random()}${random()}e${(random() % 700) - 350}`,
  (random) => `${random() % 2 ? '-' : ''}${random() % 10}E+${random() % 50}`,
]

test('a million random numbers are the float32 that Number and fround make of them', () => {
  const random = createRandom(20)
  for (let i = 0; i < 1_000_000; ) {
    const text = shapes[i % shapes.length]!(random)
    if (/[a-df-z]/i.test(text)) continue // NaN and Infinity
    assertExact(text)
    i++
  }
})

test('numbers at the edges of float32 and double are exact', () => {
  const texts = [
    ...[
      '0',
      '-0',
      '0.0',
      '-0.0e5',
      '0e999',
      '1e-45',
      '7e-46',
      '7.0064923216240853e-46',
      '7.006492321624086e-46',
    ],
    ...[
      '1.401298464324817e-45',
      '1.1754943508222875e-38',
      '1.1754942e-38',
      '5e-324',
      '2.2250738585072011e-308',
    ],
    ...[
      '3.4028234663852886e38',
      '3.4028235677973366e38',
      '3.4028235677973365e38',
      '3.5e38',
      '1e308',
      '1.8e308',
    ],
    ...[
      '1e999999999999',
      '-1e400',
      '1e-400',
      '16777217',
      '16777217.0000000000000000001',
      '16777219',
      '9007199254740993',
    ],
    ...[
      '0.1',
      '0.30000001192092896',
      '123456789012345678901234567890',
      '0.000000000000000000000000000000000001',
    ],
    ...['1.00000005960464477539062499999999999999999', '1.00000005960464477539062500000000000000001'],
    ...[`0.${'0'.repeat(400)}1e401`, `1${'0'.repeat(400)}e-400`, `${'9'.repeat(60_000)}`],
  ]
  for (const text of texts) {
    assertExact(text)
    assertExact(text.startsWith('-') ? text.slice(1) : `-${text}`)
  }
})

test('only what JSON calls a number is one', () => {
  for (const text of [
    '',
    '-',
    '+1',
    '01',
    '-01',
    '00',
    '.5',
    '1.',
    '1.e5',
    '1e',
    '1e+',
    '-e5',
    'NaN',
    '-Infinity',
    'x',
  ]) {
    token.scan(Buffer.from(`${text}\0`), 0)
    assert.equal(token.isValid, false, `'${text}'`)
  }
})

test('a number ends where its grammar does', () => {
  for (const [text, stop] of [
    ['12,3', 2],
    ['1.5]', 3],
    ['1e5e5', 3],
    ['1.5.5', 3],
    ['1-2', 1],
    ['0x10', 1],
  ] as const) {
    token.scan(Buffer.from(`${text}\0`), 0)
    assert.deepEqual([token.isValid, token.stop], [true, stop], text)
  }
})
