import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { type NamedTensors, tensor } from '../../tensor/tensor.js'
import { createFrameReader, encodeFrame, type Frame, writeFrame } from './frames.js'

const tensors: NamedTensors = {
  'odd bytes': tensor('uint8', [3], Uint8Array.of(1, 2, 3)),
  wide: tensor('int64', [2, 1], BigInt64Array.of(-1n, 2n ** 62n)),
  none: tensor('float32', [0, 7], new Float32Array(0)),
  scalar: tensor('float64', [], Float64Array.of(Math.PI)),
  flag: tensor('bool', [1], Uint8Array.of(1)),
  'größe __proto__': tensor('float32', [2], Float32Array.of(1.5, Number.NaN)),
}
const frame = Buffer.concat(encodeFrame({ kind: 'run', id: 7 }, tensors))

function read(...chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = []
  const take = createFrameReader((found) => frames.push(found))
  for (const chunk of chunks) take(chunk)
  return frames
}

function assertFrame(found: Frame | undefined): void {
  assert.ok(found)
  const { kind, id } = found.header as Record<string, unknown>
  assert.deepEqual({ kind, id }, { kind: 'run', id: 7 })
  assert.deepEqual(found.tensors, tensors)
}

test('what is written is read, whatever the alignment of the chunk', () => {
  for (const shift of [0, 1, 3]) {
    const moved = new Uint8Array(frame.length + shift).subarray(shift)
    moved.set(frame)
    assertFrame(read(moved)[0])
  }
})

test('a frame cut anywhere is put together', () => {
  for (let cut = 0; cut <= frame.length; cut++) {
    const frames = read(frame.subarray(0, cut), frame.subarray(cut))
    assert.equal(frames.length, 1)
    assertFrame(frames[0])
  }
  assertFrame(read(...Array.from(frame, (byte) => Uint8Array.of(byte)))[0])
})

test('one chunk may hold several frames and the beginning of the next', () => {
  const frames = read(Buffer.concat([frame, frame, frame.subarray(0, 21)]), frame.subarray(21))
  assert.equal(frames.length, 3)
  for (const found of frames) assertFrame(found)
})

test('a frame without tensors is a frame', () => {
  const [found] = read(Buffer.concat(encodeFrame({ kind: 'done' }, {})))
  assert.deepEqual(found?.tensors, {})
})

test('small and large frames go through a stream', async () => {
  const stream = new PassThrough({ highWaterMark: 1_000 })
  const large = {
    x: tensor(
      'float32',
      [100_001],
      Float32Array.from({ length: 100_001 }, (_, i) => i),
    ),
  }
  const frames: Frame[] = []
  const take = createFrameReader((found) => frames.push(found))
  stream.on('data', take)
  writeFrame(stream, { kind: 'run', id: 7 }, tensors)
  writeFrame(stream, {}, large)
  stream.end()
  await new Promise((resolve) => stream.on('end', resolve))
  assertFrame(frames[0])
  assert.deepEqual(frames[1]?.tensors, large)
})

/** A frame with a header of its own making and so many body bytes. */
function forged(header: unknown, bodyBytes: number): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const whole = Buffer.alloc(16 + padded + bodyBytes, ' ')
  frame.copy(whole, 0, 0, 4)
  whole.writeUInt32LE(padded, 4)
  whole.writeUInt32LE(bodyBytes, 8)
  whole.writeUInt32LE(0, 12)
  text.copy(whole, 16)
  return whole
}

const withSizes = (headerBytes: number, bodyBytes: number): Buffer => {
  const prefix = Buffer.from(frame.subarray(0, 16))
  prefix.writeUInt32LE(headerBytes, 4)
  prefix.writeUInt32LE(bodyBytes, 8)
  return prefix
}

const corrupt: readonly [string, Buffer, RegExp][] = [
  ['another magic number', Buffer.alloc(16), /no magic/],
  ['no header', withSizes(0, 8), /header has 0 bytes/],
  ['a header too long', withSizes(2 ** 31, 0), /header has 2147483648 bytes/],
  ['a body too long', withSizes(8, 2 ** 32 - 8), /body has 4294967288 bytes/],
  ['an odd body', withSizes(8, 7), /body has 7 bytes/],
  ['a header that is not JSON', forged('nonsense', 0), /JSON/],
  ['a header of null', forged('null', 0), /lists no tensors/],
  ['no list', forged({}, 0), /lists no tensors/],
  ['a tensor that is no triple', forged({ tensors: [1] }, 0), /no name/],
  ['an unknown dtype', forged({ tensors: [['x', 'toString', [1]]] }, 8), /unknown dtype/],
  ['a negative size', forged({ tensors: [['x', 'int8', [-1]]] }, 8), /not of sizes/],
  ['a size that is no integer', forged({ tensors: [['x', 'int8', [1.5]]] }, 8), /not of sizes/],
  ['a tensor past the end', forged({ tensors: [['x', 'int32', [3]]] }, 8), /passes its end/],
  [
    'a product past all numbers',
    forged({ tensors: [['x', 'int8', [2 ** 40, 2 ** 40]]] }, 8),
    /passes its end/,
  ],
  [
    'a second tensor past the end',
    forged(
      {
        tensors: [
          ['x', 'int8', [8]],
          ['y', 'int8', [1]],
        ],
      },
      8,
    ),
    /passes its end/,
  ],
  ['bytes no tensor owns', forged({ tensors: [['x', 'int8', [8]]] }, 16), /8 bytes more/],
]
for (const [what, bytes, message] of corrupt) {
  test(`refuses ${what}`, () => {
    assert.throws(() => read(bytes), message)
  })
}
