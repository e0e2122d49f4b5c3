import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import { RecserveError } from '../core/errors.js'
import { unpackZip } from './zip.js'

interface Part {
  readonly name: string
  readonly content: string
  readonly method?: number
  readonly flags?: number
  /** What the directory says, where it is not the truth. */
  readonly crc?: number
  readonly size?: number
  readonly is64?: boolean
}

/** An archive, with a zip64 end where it is so wanted. */
function zip(parts: readonly Part[], { is64 = false, comment = '' } = {}): Buffer {
  const files: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const { name, content, method = 0, flags = 0 } = part
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    files.push(local, Buffer.from(name, 'latin1'), packed)
    const size = part.size ?? content.length
    const wide = Buffer.alloc(part.is64 ? 28 : 0)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(part.crc ?? crc32(content), 16)
    for (const [i, [place, value]] of [
      [24, size],
      [20, packed.length],
      [42, offset],
    ].entries()) {
      entry.writeUInt32LE(part.is64 ? 0xffffffff : value!, place!)
      if (part.is64) wide.writeBigUInt64LE(BigInt(value!), 4 + 8 * i)
    }
    if (part.is64) wide.writeUInt32LE(0x00180001)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(wide.length, 30)
    entries.push(entry, Buffer.from(name, 'latin1'), wide)
    offset += 30 + name.length + packed.length
  }
  return Buffer.concat([
    ...files,
    ...entries,
    end({ count: parts.length, offset, size: byteLength(entries), is64 }, comment),
  ])
}

const byteLength = (buffers: readonly Buffer[]) => buffers.reduce((sum, { length }) => sum + length, 0)

function end(
  directory: { count: number; offset: number; size: number; is64: boolean },
  comment: string,
): Buffer {
  const { count, offset, size, is64 } = directory
  const end64 = Buffer.alloc(is64 ? 76 : 0)
  if (is64) {
    end64.writeUInt32LE(0x06064b50)
    end64.writeBigUInt64LE(BigInt(count), 32)
    end64.writeBigUInt64LE(BigInt(offset), 48)
    end64.writeUInt32LE(0x07064b50, 56)
    end64.writeBigUInt64LE(BigInt(offset + size), 64)
  }
  const last = Buffer.alloc(22)
  last.writeUInt32LE(0x06054b50)
  last.writeUInt16LE(is64 ? 0xffff : count, 10)
  last.writeUInt32LE(is64 ? 0xffffffff : offset, 16)
  last.writeUInt16LE(comment.length, 20)
  return Buffer.concat([end64, last, Buffer.from(comment)])
}

const options = { maxBytes: 10_000 }

async function contents(archive: Uint8Array): Promise<Record<string, string>> {
  const files = await unpackZip(archive, 'a.zip', options)
  return Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))
}

const a = { name: 'a', content: 'stored' }
const b = { name: '../b', content: 'deflated '.repeat(50), method: 8 }
const expected = { a: 'stored', '../b': 'deflated '.repeat(50) }

test('unpacks stored and deflated files; names are only keys', async () => {
  assert.deepEqual(await contents(zip([a, b])), expected)
  assert.deepEqual(await contents(zip([])), {})
})

test('finds the end before a comment that looks like one', async () => {
  assert.deepEqual(await contents(zip([a, b], { comment: `PK\x05\x06${'x'.repeat(40)}` })), expected)
})

test('reads zip64', async () => {
  assert.deepEqual(
    await contents(
      zip(
        [
          { ...a, is64: true },
          { ...b, is64: true },
        ],
        { is64: true },
      ),
    ),
    expected,
  )
})

test('reads an archive that lies within a larger buffer', async () => {
  const archive = zip([a])
  const shifted = Buffer.concat([Buffer.from('xxx'), archive]).subarray(3)
  assert.deepEqual(await contents(shifted), { a: 'stored' })
})

for (const [what, archive, code, message] of [
  ['no archive', Buffer.from('x'), 'data_loss', /no zip archive/],
  ['a cut one', zip([a]).subarray(0, -1), 'data_loss', /no zip archive/],
  ['a wrong checksum', zip([{ ...a, crc: 1 }]), 'data_loss', /"a" does not fit its checksum/],
  ['more than was said', zip([{ ...b, size: 9 }]), 'data_loss', /cannot be unpacked/],
  ['less than was said', zip([{ ...b, size: 900 }]), 'data_loss', /has 450 bytes, not the 900/],
  ['more than is allowed', zip([{ ...b, size: 10_001 }]), 'failed_precondition', /unpacks to 10001 bytes/],
  ['a name twice', zip([a, a]), 'data_loss', /there twice/],
  ['an encrypted file', zip([{ ...a, flags: 1 }]), 'failed_precondition', /encrypted/],
  ['another method', zip([{ ...a, method: 14 }]), 'failed_precondition', /method 14/],
] as const) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(
      contents(archive),
      (error) => error instanceof RecserveError && error.code === code && message.test(error.message),
    )
  })
}
