/** Values in protobuf's text form. */
import { isUtf8 } from 'node:buffer'
import { type DataTypeName, dataTypeOf, dataTypeOfText } from './data-type.js'
import type { Int64, ScalarName, Scalars } from './message-type.js'
import type { TextTokens } from './text-tokens.js'

export function readTextScalar(tokens: TextTokens, type: ScalarName): Scalars[ScalarName] {
  switch (type) {
    case 'string':
      return readString(tokens)
    case 'bytes':
      return readBytes(tokens)
    case 'bool':
      return readBool(tokens)
    case 'float':
      return Math.fround(readFloat(tokens))
    case 'double':
      return readFloat(tokens)
    case 'dataType':
      return readDataType(tokens)
    default:
      return readInteger(tokens, ranges[type])
  }
}

type IntegerName = 'int32' | 'uint32' | 'int64' | 'uint64' | 'fixed32'

/** From, up to and without. */
const ranges: { readonly [S in IntegerName]: readonly [bigint, bigint] } = {
  int32: [-(2n ** 31n), 2n ** 31n],
  uint32: [0n, 2n ** 32n],
  int64: [-(2n ** 63n), 2n ** 63n],
  uint64: [0n, 2n ** 64n],
  fixed32: [0n, 2n ** 32n],
}

/** Strings side by side are one. */
function readBytes(tokens: TextTokens): Uint8Array {
  if (tokens.token.kind !== 'string') tokens.fail(`${tokens.shown} stands where a string should be`)
  const parts: string[] = []
  while (tokens.token.kind === 'string') parts.push(tokens.next().text)
  return new Uint8Array(Buffer.from(parts.join(''), 'latin1'))
}

function readString(tokens: TextTokens): string {
  const bytes = readBytes(tokens)
  if (!isUtf8(bytes)) tokens.fail('a string is not UTF-8')
  return Buffer.from(bytes.buffer).toString('utf8')
}

function readWord(tokens: TextTokens): string {
  if (tokens.token.kind !== 'word') tokens.fail(`${tokens.shown} stands where a value should be`)
  return tokens.next().text
}

function readBool(tokens: TextTokens): boolean {
  const word = readWord(tokens)
  if (/^(true|True|t|1)$/.test(word)) return true
  if (/^(false|False|f|0)$/.test(word)) return false
  tokens.fail(`'${word.slice(0, 40)}' is neither true nor false`)
}

function readDataType(tokens: TextTokens): DataTypeName {
  const word = readWord(tokens)
  return (
    dataTypeOfText(word) ??
    (/^\d{1,9}$/.test(word) ? dataTypeOf(Number(word)) : tokens.fail(`'${word.slice(0, 40)}' is no dtype`))
  )
}

function readInteger(tokens: TextTokens, [from, to]: readonly [bigint, bigint]): Int64 {
  const isNegative = tokens.accept('-')
  const word = readWord(tokens)
  if (word.length > 32 || !/^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(word)) {
    tokens.fail(`'${word.slice(0, 40)}' is no integer`)
  }
  const magnitude = BigInt(/^0\d/.test(word) ? `0o${word.slice(1)}` : word)
  const value = isNegative ? -magnitude : magnitude
  if (value < from || value >= to) tokens.fail(`${value} is out of range`)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function readFloat(tokens: TextTokens): number {
  const sign = tokens.accept('-') ? -1 : 1
  const word = readWord(tokens)
  if (/^inf(inity)?$/i.test(word)) return sign * Number.POSITIVE_INFINITY
  if (/^nan$/i.test(word)) return Number.NaN
  const decimal = /^((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fF]?$/.exec(word)
  if (!decimal) tokens.fail(`'${word.slice(0, 40)}' is no number`)
  return sign * Number(decimal[1])
}
