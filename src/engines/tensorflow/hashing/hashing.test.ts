/** Hashes against published vectors and against what TensorFlow's ops answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concatenateFingerprints, fingerprint64 } from './farm-hash.js'
import { murmurHash64 } from './murmur-hash.js'
import { sipHash } from './sip-hash.js'

/** Byte i is 37 i modulo 256. */
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (37 * i) % 256)
const text = (value: string) => new TextEncoder().encode(value)

describe('hashes', () => {
  test('fingerprints are those of TensorFlow at every border between lengths', () => {
    const recorded: readonly (readonly [number, bigint])[] = [
      [0, 11160318154034397263n],
      [3, 2979360857936615334n],
      [7, 10039977955476996073n],
      [8, 9596831691033495687n],
      [16, 18134415005621828106n],
      [17, 15253922284255697892n],
      [32, 9085333801031185542n],
      [33, 9281366513362899226n],
      [64, 2926297457400977790n],
      [65, 3347718308884560895n],
      [128, 7343820609323288748n],
      [200, 16220877642620901150n],
    ]
    for (const [length, expected] of recorded) assert.equal(fingerprint64(pattern(length)), expected)
  })

  test('a cross of two strings has the number that SparseCross gives it', () => {
    const key = 956888297470n
    const crossed = [text('x'), text('y')].map(fingerprint64).reduce(concatenateFingerprints, key)
    assert.equal(crossed % (2n ** 63n - 1n), 3012276415503108817n)
  })

  test('SipHash answers the vector of its paper', () => {
    const bytes = Uint8Array.from({ length: 15 }, (_, i) => i)
    assert.equal(sipHash(bytes, [0x0706050403020100n, 0x0f0e0d0c0b0a0908n]), 0xa129ca6149be45e5n)
  })

  test('SipHash is the hash of StringToHashBucketStrong', () => {
    assert.equal(sipHash(text('hello'), [1n, 2n]) % 2n ** 62n, 2957200328589801622n)
  })

  test('MurmurHash is the hash of StringToHashBucket', () => {
    assert.equal(murmurHash64(text('hello')) % 2n ** 62n, 1331861223480393034n)
    assert.equal(murmurHash64(text('a longer text of words')) % 2n ** 62n, 294026315913493957n)
  })

  test('a view into a larger buffer hashes as its own bytes do', () => {
    const bytes = pattern(100)
    const view = Uint8Array.of(9, 9, 9, ...bytes, 9).subarray(3, 103)
    assert.equal(fingerprint64(view), fingerprint64(bytes))
    assert.equal(murmurHash64(view), murmurHash64(bytes))
    assert.equal(sipHash(view, [1n, 2n]), sipHash(bytes, [1n, 2n]))
  })
})
