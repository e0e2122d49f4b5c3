/** Internal ids by first appearance, as pandas' `factorize` gives them (recbole/data/dataset/dataset.py `_remap`). */
import { type Dictionary, missing } from './atomic-table.js'
import { paddingToken } from './dataset.js'

export interface Numbering {
  readonly dictionary: Dictionary
  /** Codes by internal id, from id 1 on. */
  readonly codes: Int32Array
  /** The internal id of a code; 0, the padding's, for a missing one and one that does not appear. */
  idOf(code: number): number
  /** By internal id, `[PAD]` first. */
  tokens(): readonly string[]
  /** The same codes under other ids: those of their places in the list, from 1 on. */
  reordered(codes: readonly number[]): Numbering
}

/** @param appearances codes in the order in which they are met */
export function numberByAppearance(dictionary: Dictionary, appearances: readonly Int32Array[]): Numbering {
  const isKnown = new Uint8Array(dictionary.length)
  const order: number[] = []
  for (const codes of appearances) {
    for (const code of codes) {
      if (code === missing || isKnown[code] === 1) continue
      isKnown[code] = 1
      order.push(code)
    }
  }
  return createNumbering(dictionary, order)
}

function createNumbering(dictionary: Dictionary, order: readonly number[]): Numbering {
  const ids = new Int32Array(dictionary.length)
  for (const [index, code] of order.entries()) ids[code] = index + 1
  return {
    dictionary,
    codes: Int32Array.from(order),
    idOf: (code) => (code === missing ? 0 : ids[code]!),
    tokens: () => [paddingToken, ...order.map((code) => dictionary[code]!)],
    reordered: (codes) => createNumbering(dictionary, codes),
  }
}
