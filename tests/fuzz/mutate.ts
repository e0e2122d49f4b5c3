/** Ways to spoil a file, each decided by a seed alone. */

export interface Random {
  /** An integer from 0 to `limit - 1`; 0 where the limit is 0. */
  below(limit: number): number
}

/** The same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return { below: (limit) => (limit === 0 ? 0 : next() % limit) }
}

type Mutation = (bytes: Buffer, random: Random) => Buffer

interface Slice {
  readonly from: number
  readonly to: number
}

/** Puts `middle` in the place of a slice. */
function replace(bytes: Buffer, { from, to }: Slice, middle: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)])
}

function insert(bytes: Buffer, at: number, middle: Uint8Array): Buffer {
  return replace(bytes, { from: at, to: at }, middle)
}

/** A slice that is mostly short. */
function slice(bytes: Buffer, random: Random): Slice {
  const from = random.below(bytes.length + 1)
  const longest = random.below(4) === 0 ? bytes.length : 16
  return { from, to: Math.min(bytes.length, from + random.below(longest + 1)) }
}

function overwrite(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  if (at < copy.length) copy[at] = change(copy[at]!)
  return copy
}

/** Where a run of digits begins and ends, so that numbers inside text are hit often. */
function digits(bytes: Buffer, random: Random): Slice {
  const runs = [...bytes.toString('latin1').matchAll(/\d+/g)]
  const run = runs[random.below(runs.length)]
  return run ? { from: run.index, to: run.index + run[0].length } : slice(bytes, random)
}

/** Bytes that readers trip over: text's structure, words, broken UTF-8, edges of integers and of varints. */
const awkward: readonly Buffer[] = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '-',
    '.',
    'e',
    '0',
    ' ',
    '\n',
    '\0',
    '\ufeff',
    '""',
    '[]',
    '{}',
    ',,',
  ],
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    'null',
    'true',
    '\\u',
    '\\ud800',
    '"__proto__":',
    '"0":',
    '"constructor":0,',
  ],
  ...[
    '\xff',
    '\xc0\x80',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xff\xff\xff\xff',
    '\xff\xff\xff\x7f',
    '\x00\x00\x00\x80',
  ],
  ...[`${'\xff'.repeat(9)}\x01`, `${'\x80'.repeat(10)}\x01`],
].map((text) => Buffer.from(text, text === '\ufeff' ? 'utf8' : 'latin1'))

const numbers: readonly string[] = [
  ...[
    '0',
    '-0',
    '-1',
    '00',
    '1.5',
    '1e5',
    '1e400',
    '-1e400',
    '1e-400',
    '2147483647',
    '2147483648',
    '4294967295',
  ],
  ...[
    '4294967296',
    '9007199254740993',
    '18446744073709551616',
    '9'.repeat(400),
    `0.${'0'.repeat(400)}1`,
    '1e99999999999',
  ],
]

const mutations: readonly Mutation[] = [
  (bytes, random) => overwrite(bytes, random.below(bytes.length), (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => overwrite(bytes, random.below(bytes.length), () => random.below(256)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // Cut away.
  (bytes, random) => {
    const { from, to } = slice(bytes, random)
    return replace(bytes, { from, to }, Buffer.alloc(0))
  },
  // Repeat a slice, once or often.
  (bytes, random) => {
    const { from, to } = slice(bytes, random)
    const times = random.below(8) === 0 ? 1 + random.below(200) : 1
    return insert(
      bytes,
      to,
      Buffer.concat(Array<Buffer>(times).fill(bytes.subarray(from, to))).subarray(0, 65_536),
    )
  },
  // Copy a slice elsewhere.
  (bytes, random) => {
    const { from, to } = slice(bytes, random)
    const at = random.below(bytes.length + 1)
    return insert(bytes, at, bytes.subarray(from, to))
  },
  // Swap two neighbouring slices.
  (bytes, random) => {
    const { from, to } = slice(bytes, random)
    const end = Math.min(bytes.length, to + random.below(17))
    return replace(
      bytes,
      { from, to: end },
      Buffer.concat([bytes.subarray(to, end), bytes.subarray(from, to)]),
    )
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return insert(
      bytes,
      at,
      Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256)),
    )
  },
  (bytes, random) => {
    const { from, to } = slice(bytes, random)
    return replace(
      bytes,
      { from, to: random.below(2) === 0 ? from : to },
      awkward[random.below(awkward.length)]!,
    )
  },
  // Another number in the place of one, or digits within one.
  (bytes, random) => {
    const { from, to } = digits(bytes, random)
    return replace(bytes, { from, to }, Buffer.from(numbers[random.below(numbers.length)]!))
  },
  (bytes, random) => {
    const { from, to } = digits(bytes, random)
    const at = from + random.below(to - from + 1)
    return insert(bytes, at, Buffer.from(String(random.below(10 ** (1 + random.below(9))))))
  },
  // Deep nesting, closed or not.
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    const depth = 10 ** (1 + random.below(5))
    const [open, close] = random.below(2) === 0 ? ['[', ']'] : ['{"a":', '}']
    return insert(bytes, at, Buffer.from(open!.repeat(depth) + (random.below(2) ? close!.repeat(depth) : '')))
  },
  // Long runs of one byte: space, digits, zeros.
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    const byte = [0x20, 0x30, 0x39, 0x61, 0x00, random.below(256)][random.below(6)]!
    return insert(bytes, at, Buffer.alloc(10 ** random.below(6), byte))
  },
  (_, random) => Buffer.alloc(random.below(2) * random.below(64)),
]

/** The file spoilt, mostly once, so that readers come past the first fault; up to four times otherwise. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let spoilt = bytes
  const times = random.below(3) === 0 ? 1 + random.below(4) : 1
  for (let i = 0; i < times; i++) spoilt = mutations[random.below(mutations.length)]!(spoilt, random)
  return spoilt
}
