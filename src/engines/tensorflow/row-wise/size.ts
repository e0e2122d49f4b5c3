/** Sizes as products: of a number, of the request's row count, and of axes that only a request tells. */

import { RecserveError } from '../../../core/errors.js'

/** `factor` times each of `symbols`; without symbols just a number, which may be negative where it is no axis' size. */
export interface Size {
  readonly factor: number
  /** Sorted; equal names are equal numbers, different names may be. */
  readonly symbols: readonly string[]
}

/** How many rows the request has: the one symbol whose number is another when requests are joined. */
const rowSymbol = '#rows'

export const rowCount: Size = { factor: 1, symbols: [rowSymbol] }

export const one: Size = literal(1)

export function literal(value: number): Size {
  return { factor: value, symbols: [] }
}

export function unknown(name: string): Size {
  return { factor: 1, symbols: [name] }
}

/** The number, of a size that is one. */
export function literalOf({ factor, symbols }: Size): number | undefined {
  return symbols.length === 0 ? factor : undefined
}

export const isOne = (size: Size): boolean => literalOf(size) === 1

/** How often the row count is a factor. */
export function rowDegree({ symbols }: Size): number {
  return symbols.filter((symbol) => symbol === rowSymbol).length
}

export function isEqual(a: Size, b: Size): boolean {
  return a.factor === b.factor && `${a.symbols}` === `${b.symbols}`
}

/** A product of more is no size that a graph in earnest has. */
const maxSymbols = 32

/** @throws RecserveError `resource_exhausted` for a product that cannot be told exactly, or would only waste memory */
export function multiply(sizes: readonly Size[]): Size {
  const factor = sizes.reduce((product, size) => product * size.factor, 1)
  const count = sizes.reduce((sum, { symbols }) => sum + symbols.length, 0)
  if (!Number.isSafeInteger(factor) || count > maxSymbols)
    throw new RecserveError('resource_exhausted', `a size is a product of ${count} sizes and ${factor}`)
  return { factor, symbols: sizes.flatMap(({ symbols }) => symbols).sort() }
}

/** Undefined where the quotient is not a product too. */
export function divide(dividend: Size, divisor: Size): Size | undefined {
  const factor = dividend.factor / divisor.factor
  if (!Number.isInteger(factor)) return undefined
  const symbols = [...dividend.symbols]
  for (const symbol of divisor.symbols) {
    const at = symbols.indexOf(symbol)
    if (at < 0) return undefined
    symbols.splice(at, 1)
  }
  return { factor, symbols }
}
