/** StringFormat: tensors written into a template, each as `tf.print` shows it. */
import { stringAt } from '../../../../tensor/strings.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { bytesOf, elementWork, latin1Of } from './arguments.js'
import { printNumber } from './printf.js'
import { StringsBuilder } from './strings-builder.js'

const stringFormat: Kernel = (inputs, { attrs }) => {
  const template = latin1Of(bytesOf(attrs, 'template', '%s'))
  const placeholder = latin1Of(bytesOf(attrs, 'placeholder', '%s'))
  const edge = attrs.int('summarize', 3)
  const texts = placeholder === '' ? [template] : template.split(placeholder)
  if (texts.length - 1 !== inputs.length) {
    throw invalid(
      `num placeholders in template and num inputs must match: ${texts.length - 1} vs. ${inputs.length}`,
    )
  }
  const out = new StringsBuilder()
  for (const [i, text] of texts.entries()) {
    if (i > 0) writeTensor(out, inputs[i - 1]!, edge)
    out.writeLatin1(text)
  }
  out.end()
  return [out.finish([])]
}

/** @param edge how many entries at either end of an axis are shown; negative: all */
function writeTensor(out: StringsBuilder, tensor: AnyTensor, edge: number): void {
  const element = elementText(tensor)
  const { shape } = tensor
  const count = sizeOf(shape)
  const shown = edge < 0 ? count : Math.min(edge, count)
  const write = (axis: number, first: number): void => {
    spend(elementWork)
    if (axis === shape.length) {
      out.writeLatin1(shown > 0 ? element(first) : '...')
      return
    }
    const size = shape[axis]!
    const step = sizeOf(shape.slice(axis + 1))
    const separator = separatorOf(axis, shape.length)
    out.writeLatin1('[')
    for (let i = 0; i < size && i < shown; i++) {
      if (i > 0) out.writeLatin1(separator)
      write(axis + 1, first + i * step)
    }
    if (size > 2 * shown) out.writeLatin1(`${separator}...`)
    for (let i = Math.max(shown, size - shown); i < size; i++) {
      out.writeLatin1(separator)
      write(axis + 1, first + i * step)
    }
    out.writeLatin1(']')
  }
  write(0, 0)
}

/** A blank between the entries of the last axis; an axis before it begins lines, its outer ones after empty lines. */
function separatorOf(axis: number, rank: number): string {
  return axis === rank - 1 ? ' ' : '\n'.repeat(rank - axis - 1) + ' '.repeat(axis + 1)
}

function elementText({ dtype, data }: AnyTensor): (i: number) => string {
  if ('bytes' in data) return (i) => `"${escapeText(stringAt(data, i))}"`
  if (dtype === 'float64') return (i) => shortestText(data[i] as number, [15, 17], Number)
  if (/float/.test(dtype))
    return (i) => shortestText(data[i] as number, [6, 9], (text) => Math.fround(Number(text)))
  // TensorFlow has no text for a complex number.
  if (/complex/.test(dtype)) return () => '?'
  return (i) => String(data[i])
}

/** The fewer digits where they read back as the same number. */
function shortestText(
  value: number,
  [few, many]: readonly [number, number],
  read: (text: string) => number,
): string {
  const print = (precision: number) =>
    printNumber(value, { kind: 'g', flag: '', width: undefined, precision })
  const short = print(few)
  return !Number.isFinite(value) || read(short) === value ? short : print(many)
}

const escapes: Readonly<Record<number, string>> = {
  10: '\\n',
  13: '\\r',
  9: '\\t',
  34: '\\"',
  39: "\\'",
  92: '\\\\',
}

/** As a C string literal: what ASCII cannot print in octal, bytes beyond ASCII as they are. */
function escapeText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const isPrintable = byte >= 0x20 && byte !== 0x7f
    text +=
      escapes[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)
  }
  return text
}

export const formatOps: OpTable = { StringFormat: { kernel: stringFormat } }
