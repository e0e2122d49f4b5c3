/** Regular expressions: does a text match, and what is it with its matches replaced. */
import { stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { elementWork, mapStrings, scalarAt, stringsAt } from './arguments.js'
import { type EscapedText, escapeBytes, unescapeText } from './escaped-text.js'
import { compileRegex, type Regex } from './regex.js'
import { parseRewrite, type Rewrite } from './rewrite.js'
import type { StringsBuilder } from './strings-builder.js'

/** What a byte of text costs for each byte of the pattern: that many states there may be. */
function spendOn(text: Uint8Array, pattern: Uint8Array): void {
  spend(8 * (text.length + 1) * (1 + pattern.length))
}

function fullMatch(patternOf: (inputs: readonly AnyTensor[], attrs: Attributes) => Uint8Array): Kernel {
  return (inputs, { attrs }) => {
    const { shape, data } = stringsAt(inputs, 0)
    const pattern = patternOf(inputs, attrs)
    const regex = compileRegex(pattern)
    const out = newData('bool', shape)
    for (let i = 0; i < out.length; i++) {
      const text = stringAt(data, i)
      spendOn(text, pattern)
      out[i] = regex.matchesAll(text) ? 1 : 0
    }
    return [tensor('bool', shape, out)]
  }
}

interface Replacement {
  readonly pattern: Uint8Array
  readonly rewrite: Uint8Array
}

function replace(replacementOf: (inputs: readonly AnyTensor[], attrs: Attributes) => Replacement): Kernel {
  return (inputs, { attrs }) => {
    const { pattern, rewrite } = replacementOf(inputs, attrs)
    const regex = compileRegex(pattern)
    const replacing = { regex, rewrite: parseRewrite(rewrite), isGlobal: attrs.bool('replace_global', true) }
    return [
      mapStrings(stringsAt(inputs, 0), (text, out) => {
        spendOn(text, pattern)
        writeReplaced(out, text, replacing)
      }),
    ]
  }
}

interface Replacing {
  readonly regex: Regex
  readonly rewrite: Rewrite
  readonly isGlobal: boolean
}

function writeReplaced(
  out: StringsBuilder,
  bytes: Uint8Array,
  { regex, rewrite, isGlobal }: Replacing,
): void {
  // A rewrite that asks for a group there is not changes nothing.
  if (rewrite.lastGroup > regex.groups || (!isGlobal && rewrite.isBroken)) {
    out.write(bytes)
    return
  }
  const text: EscapedText = escapeBytes(bytes)
  let done = 0
  for (const match of regex.matches(text)) {
    // To find where the next match ends, all that is left may have to be read.
    spend(elementWork + text.characters.length - match.start)
    writePart(out, text, text.characters.slice(done, match.start))
    for (const part of rewrite.parts) {
      if (typeof part === 'number') writePart(out, text, match.group(part) ?? '')
      else out.write(part)
    }
    done = match.end
    if (!isGlobal) break
  }
  writePart(out, text, text.characters.slice(done))
}

function writePart(out: StringsBuilder, { isUtf8 }: EscapedText, part: string): void {
  if (part !== '') out.write(isUtf8 ? Buffer.from(part) : unescapeText(part))
}

export const regexOps: OpTable = {
  RegexFullMatch: { kernel: fullMatch((inputs) => scalarAt(inputs, 1, 'Pattern')) },
  StaticRegexFullMatch: { kernel: fullMatch((_, attrs) => attrs.bytes('pattern')) },
  RegexReplace: {
    kernel: replace((inputs) => ({
      pattern: scalarAt(inputs, 1, 'Pattern'),
      rewrite: scalarAt(inputs, 2, 'Rewrite'),
    })),
  },
  StaticRegexReplace: {
    kernel: replace((_, attrs) => ({ pattern: attrs.bytes('pattern'), rewrite: attrs.bytes('rewrite') })),
  },
}
