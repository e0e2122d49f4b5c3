/** What a match is replaced with: text in which `\1` stands for a group. */

export interface Rewrite {
  /** Bytes, and numbers of groups, of which 0 is the whole match. */
  readonly parts: readonly (Uint8Array | number)[]
  readonly lastGroup: number
  /** Whether it ends at a backslash before anything but a digit or another backslash: what follows is left out. */
  readonly isBroken: boolean
}

const backslash = 0x5c
const digitZero = 0x30

/** Source: RE2::Rewrite (google/re2, re2/re2.cc), which stops at an escape that it does not know. */
export function parseRewrite(rewrite: Uint8Array): Rewrite {
  const parts: (Uint8Array | number)[] = []
  let start = 0
  let at = rewrite.indexOf(backslash)
  let isBroken = false
  while (at >= 0) {
    parts.push(rewrite.subarray(start, at))
    const next = rewrite[at + 1]
    const digit = next === undefined ? -1 : next - digitZero
    isBroken = next !== backslash && !(digit >= 0 && digit <= 9)
    if (isBroken) break
    if (digit >= 0 && digit <= 9) parts.push(digit)
    start = next === backslash ? at + 1 : at + 2
    at = rewrite.indexOf(backslash, at + 2)
  }
  if (!isBroken) parts.push(rewrite.subarray(start))
  const groups = parts.filter((part) => typeof part === 'number')
  return { parts, lastGroup: Math.max(0, ...groups), isBroken }
}
