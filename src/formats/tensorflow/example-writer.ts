/** tf.Example (tensorflow/core/example/{example,feature}.proto) as bytes, written feature by feature. */
import { ByteWriter } from '../tensorflow-json/byte-writer.js'
import type { FeatureType } from './feature-list.js'
import { putSpan } from './wire-writer.js'

/** Tag of a Feature's list by type. */
const listTags: Readonly<Record<FeatureType, number>> = { string: 0x0a, float32: 0x12, int64: 0x1a }
const keyTag = 0x0a
const valueTag = 0x12
const nestedTag = 0x0a
const floatTag = 0x0d
const int64Tag = 0x08

export interface ExampleWriterOptions {
  /** Numbers of a list as one field, as protobuf's C++ does; else as a field each. */
  readonly isPacked: boolean
}

/** Reused: `take` begins the next Example. */
export class ExampleWriter {
  readonly #isPacked: boolean
  /** The map of the features that have ended. */
  readonly #features = new ByteWriter()
  /** Values of the one that is open. */
  readonly #values = new ByteWriter()
  readonly #value = new DataView(new ArrayBuffer(4))
  #type: FeatureType | undefined
  #hasFeatures = false

  constructor({ isPacked }: ExampleWriterOptions) {
    this.#isPacked = isPacked
  }

  /** Of the feature that is open; undefined before its first value. */
  get type(): FeatureType | undefined {
    return this.#type
  }

  /** Bytes of the Example so far, but for a few. */
  get length(): number {
    return this.#features.length + this.#values.length
  }

  /** Says what the values to come are, if any come. */
  beginList(type: FeatureType): void {
    this.#type = type
  }

  addString(bytes: Uint8Array): void {
    this.#type = 'string'
    putSpan(this.#values, nestedTag, bytes)
  }

  addFloat(value: number): void {
    this.#type = 'float32'
    const out = this.#values
    out.reserve(5)
    if (!this.#isPacked) out.put(floatTag)
    this.#value.setFloat32(0, value, true)
    for (let i = 0; i < 4; i++) out.put(this.#value.getUint8(i))
  }

  addInt64(value: bigint): void {
    this.#type = 'int64'
    const out = this.#values
    out.reserve(11)
    if (!this.#isPacked) out.put(int64Tag)
    let rest = BigInt.asUintN(64, value)
    for (; rest >= 0x80n; rest >>= 7n) out.put(Number(rest & 0x7fn) | 0x80)
    out.put(Number(rest))
  }

  /** Ends the feature: without a value, and no list begun, it is one of no type. */
  endFeature(key: Uint8Array): void {
    this.#hasFeatures = true
    const list = this.#list()
    const feature = new ByteWriter(list.length + 8)
    if (this.#type) putSpan(feature, listTags[this.#type], list)
    const entry = new ByteWriter(key.length + feature.length + 16)
    putSpan(entry, keyTag, key)
    putSpan(entry, valueTag, feature.take())
    putSpan(this.#features, nestedTag, entry.take())
    this.#values.length = 0
    this.#type = undefined
  }

  /** Says that there are features, though there may be none in them. */
  beginFeatures(): void {
    this.#hasFeatures = true
  }

  /** The Example's bytes, a copy. */
  take(): Uint8Array {
    const out = new ByteWriter(this.#features.length + 8)
    if (this.#hasFeatures) putSpan(out, nestedTag, this.#features.take())
    this.#features.length = 0
    this.#hasFeatures = false
    return out.take()
  }

  /** The list's own bytes. */
  #list(): Uint8Array {
    const values = this.#values.take()
    if (this.#type === 'string' || !this.#isPacked || values.length === 0) return values
    const packed = new ByteWriter(values.length + 8)
    putSpan(packed, nestedTag, values)
    return packed.take()
  }
}
