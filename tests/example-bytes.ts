/** tf.Examples and tf.SequenceExamples as bytes, well-formed or not, put together by hand. */

/** A field of bytes. */
export function span(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([field * 8 + 2, ...varint(BigInt(bytes.length))]), bytes])
}

function varint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

export interface ListForm {
  /** One field for all numbers rather than one for each. */
  readonly isPacked?: boolean
}

export function strings(...values: readonly (string | Uint8Array)[]): Buffer {
  return span(1, ...values.map((value) => span(1, Buffer.from(value as string))))
}

export function floats(values: readonly number[], { isPacked = true }: ListForm = {}): Buffer {
  const parts = values.map((value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value)
    return isPacked ? bytes : Buffer.concat([Buffer.from([13]), bytes])
  })
  return span(2, ...(isPacked ? [span(1, ...parts)] : parts))
}

export function int64s(values: readonly (number | bigint)[], { isPacked = true }: ListForm = {}): Buffer {
  const parts = values.map((value) => Buffer.from([...(isPacked ? [] : [8]), ...varint(BigInt(value))]))
  return span(3, ...(isPacked ? [span(1, ...parts)] : parts))
}

type Features = Readonly<Record<string, Uint8Array>>

const entries = (features: Features) =>
  Object.entries(features).map(([key, value]) => span(1, span(1, Buffer.from(key)), span(2, value)))

/** @param features a Feature's bytes by its key */
export const example = (features: Features): Buffer => span(1, ...entries(features))

/** @param lists the Features of each frame by the list's key */
export function sequenceExample(
  context: Features,
  lists: Readonly<Record<string, readonly Uint8Array[]>>,
): Buffer {
  const frames = Object.entries(lists).map(
    ([key, features]) => [key, Buffer.concat(features.map((feature) => span(1, feature)))] as const,
  )
  return Buffer.concat([example(context), span(2, ...entries(Object.fromEntries(frames)))])
}
