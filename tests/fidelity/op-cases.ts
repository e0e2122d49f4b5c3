/** Single ops with TensorFlow's own answers (shared/fixtures/tensorflow/README.md, "Format"): read, run through a kernel, compared. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RecserveError } from '../../src/core/errors.js'
import type { AnyTensor, Attributes, OpTable, TfDataType } from '../../src/engines/tensorflow/op.js'
import { type NumericType, typedArrays, wideArrays } from '../../src/tensor/dtype.js'
import { stringAt, toStrings } from '../../src/tensor/strings.js'
import { fixturesRoot } from '../project.js'
import { restoreInputs } from './lost-inputs.js'
import type { OpCase, RecordedTensor } from './recorded-op.js'

export type { OpCase, RecordedTensor }

const directory = join(fixturesRoot, 'tensorflow', 'ops')

export function opFamilies(): string[] {
  return readdirSync(directory).map((file) => file.replace('.json', ''))
}

/** The cases of single ops; beside them how many are graphs, and how many were recorded without inputs they need. */
export interface OpFamily {
  readonly cases: readonly OpCase[]
  readonly graphs: number
  readonly lost: number
}

export function readOpCases(family: string): OpFamily {
  const text = readFileSync(join(directory, `${family}.json`), 'utf8')
  const all = (JSON.parse(text) as { cases: OpCase[] }).cases
  const single = all.filter(({ graph }) => graph === undefined)
  const cases = restoreInputs(single)
  return { cases, graphs: all.length - single.length, lost: single.length - cases.length }
}

/** What is wrong with the kernel's answer to a case; undefined where it is TensorFlow's. */
export function checkOpCase(recorded: OpCase, table: OpTable): string | undefined {
  const { op } = recorded
  const inputs = recorded.inputs.map(toAnyTensor)
  const before = inputs.map(fingerprint)
  const context = { node: 'case', op, attrs: toAttributes(recorded.attrs), checkDeadline: () => {} }
  let outputs: readonly AnyTensor[]
  try {
    outputs = table[op]!.kernel(inputs, context)
  } catch (thrown) {
    return compareError(recorded, thrown)
  }
  if (recorded.error)
    return `answers where TensorFlow refuses: ${recorded.error.code} ${recorded.error.message}`
  const written = inputs.findIndex((input, i) => fingerprint(input) !== before[i])
  if (written >= 0) return `input ${written} was written to`
  const expected = recorded.outputs ?? []
  const isPart = recorded.note === 'only output 0 is recorded'
  if (isPart) outputs = outputs.slice(0, 1)
  if (outputs.length !== expected.length) return `${outputs.length} outputs, not ${expected.length}`
  for (const [i, output] of outputs.entries()) {
    const fault = compareTensors(output, toAnyTensor(expected[i]!))
    if (fault) return `output ${i}: ${fault}`
  }
  return undefined
}

function compareError({ error }: OpCase, thrown: unknown): string | undefined {
  if (!(thrown instanceof RecserveError)) {
    return `throws ${thrown instanceof Error ? thrown.stack?.split('\n').slice(0, 3).join(' ') : thrown}`
  }
  if (!error) return `refuses: ${thrown.code} ${thrown.message}`
  const code = error.code.toLowerCase()
  return code === thrown.code ? undefined : `refuses with ${thrown.code}, not ${code}: ${thrown.message}`
}

/** Bytes of a tensor as text, to see whether a kernel wrote into it. */
function fingerprint({ data }: AnyTensor): string {
  const view = 'bytes' in data ? data.bytes : data
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1')
}

const relative: Readonly<Record<string, number>> = {
  float32: 1e-5,
  complex64: 1e-5,
  float16: 2e-3,
  bfloat16: 2e-2,
  // Exact but for the last digits, in which two math libraries differ.
  float64: 1e-12,
  complex128: 1e-12,
}
const absolute: Readonly<Record<string, number>> = {
  float32: 1e-6,
  complex64: 1e-6,
  float16: 1e-6,
  bfloat16: 1e-6,
  float64: 1e-14,
  complex128: 1e-14,
}

/** The first difference beyond the fixtures' tolerance, dtype and shape included. */
export function compareTensors(actual: AnyTensor, expected: AnyTensor): string | undefined {
  if (actual.dtype !== expected.dtype) return `dtype ${actual.dtype}, not ${expected.dtype}`
  if (`${actual.shape}` !== `${expected.shape}` || actual.shape.length !== expected.shape.length) {
    return `shape [${actual.shape}], not [${expected.shape}]`
  }
  const mine = elementsOf(actual)
  const theirs = elementsOf(expected)
  if (mine.length !== theirs.length) return `${mine.length} elements, not ${theirs.length}`
  for (const [i, element] of mine.entries()) {
    const recorded = theirs[i]!
    if (!sameElement(element, recorded, expected.dtype)) return `[${i}] is ${element}, not ${recorded}`
  }
  return undefined
}

type Element = number | bigint | string

function sameElement(actual: Element, expected: Element, dtype: string): boolean {
  if (Object.is(actual, expected)) return true
  const margin = relative[dtype]
  if (margin === undefined || typeof actual !== 'number' || typeof expected !== 'number') return false
  // Infinities; zeros of either sign, within the tolerance as they are.
  if (actual === expected) return true
  return Math.abs(actual - expected) <= absolute[dtype]! + margin * Math.abs(expected)
}

function elementsOf({ data }: AnyTensor): Element[] {
  if (!('bytes' in data)) return [...data]
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

export function toAnyTensor({ dtype, shape, data, b64 }: RecordedTensor): AnyTensor {
  if (dtype === 'string') {
    const texts = data as readonly string[]
    return { dtype, shape, data: toStrings(b64 ? texts.map((text) => Buffer.from(text, 'base64')) : texts) }
  }
  const arrays = { ...typedArrays, ...wideArrays }
  const numeric = dtype as NumericType
  const isLong = numeric === 'int64' || numeric === 'uint64'
  const numbers = isLong ? data.map((value) => BigInt(value as number)) : data.map(Number)
  const values = (arrays[numeric] as { from(numbers: unknown): AnyTensor['data'] }).from(numbers)
  return { dtype: numeric, shape, data: values } as AnyTensor
}

/** The attributes of a case; a fixture's text is UTF-8. */
export function toAttributes(recorded: OpCase['attrs']): Attributes {
  const pick = <T>(name: string, kind: string, fallback?: T): T => {
    const value = recorded[name]?.[kind] ?? fallback
    if (value === undefined)
      throw new RecserveError('invalid_argument', `no attribute '${name}' of kind ${kind}`)
    return value as T
  }
  const list = <T>(name: string, kind: string, fallback?: readonly T[]): readonly T[] => {
    const lists = recorded[name]?.list as Readonly<Record<string, readonly T[]>> | undefined
    const value = lists ? (lists[kind] ?? []) : fallback
    if (value === undefined) throw new RecserveError('invalid_argument', `no list attribute '${name}'`)
    return value
  }
  return {
    has: (name) => name in recorded,
    int: (name, fallback) => pick(name, 'i', fallback),
    bigint: (name) => BigInt(pick<number | string>(name, 'i')),
    float: (name, fallback) => Number(pick<number | string>(name, 'f', fallback)),
    bool: (name, fallback) => pick(name, 'b', fallback),
    string: (name, fallback) => pick(name, 's', fallback),
    bytes: (name) => Buffer.from(pick<string>(name, 's')),
    type: (name, fallback) => pick<TfDataType>(name, 'type', fallback),
    ints: (name, fallback) => list(name, 'i', fallback),
    bigints: (name) => list<number | string>(name, 'i').map(BigInt),
    floats: (name, fallback) => list<number>(name, 'f', fallback).map(Number),
    strings: (name, fallback) => list(name, 's', fallback),
    types: (name, fallback) => list(name, 'type', fallback),
    shape: (name) => pick<readonly number[] | null>(name, 'shape') ?? undefined,
    shapes: (name, fallback) => list<readonly number[] | undefined>(name, 'shape', fallback),
    tensor: (name) => toAnyTensor(pick<RecordedTensor>(name, 'tensor')),
  }
}
