/** AsString. */
import { stringAt } from '../../../../tensor/strings.js'
import { isComplex } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid } from '../array/arguments.js'
import { elementWork, latin1Of } from './arguments.js'
import { type Conversion, checkConversion, printNumber } from './printf.js'
import { StringsBuilder } from './strings-builder.js'

const asString: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const conversion = toConversion(input.dtype, attrs)
  checkConversion(conversion)
  const out = new StringsBuilder()
  const write = writerOf(input, conversion)
  const count = input.shape.reduce((product, size) => product * size, 1)
  for (let i = 0; i < count; i++) {
    spend(2 * elementWork)
    out.writeLatin1(write(i))
    out.end()
  }
  return [out.finish(input.shape)]
}

/** Texts of elements by their position, their characters bytes. */
function writerOf({ dtype, data }: AnyTensor, conversion: Conversion): (i: number) => string {
  if ('bytes' in data) return (i) => pad(latin1Of(stringAt(data, i)), conversion)
  if (dtype === 'bool') return (i) => (data[i] ? 'true' : 'false')
  if (dtype !== 'string' && isComplex(dtype)) {
    return (i) => `(${printNumber(data[2 * i]!, conversion)},${printNumber(data[2 * i + 1]!, conversion)})`
  }
  return (i) => printNumber(data[i]!, conversion)
}

/** `%s`, in which only the flag `-` means anything; a text that is not merely passed on ends at a NUL, as C's do. */
function pad(text: string, { flag, width = 0 }: Conversion): string {
  if (flag === '' && width === 0) return text
  const end = text.indexOf('\0')
  const shown = end < 0 ? text : text.slice(0, end)
  return flag === '-' ? shown.padEnd(width) : shown.padStart(width)
}

function toConversion(dtype: string, attrs: Attributes): Conversion {
  const precision = attrs.int('precision', -1)
  const width = attrs.int('width', -1)
  const flag = attrs.string('fill', '')
  const isScientific = attrs.bool('scientific', false)
  const isShortest = attrs.bool('shortest', false)
  const isFloating = /float|complex/.test(dtype)
  if (!isFloating && dtype !== 'string') {
    if (isScientific || isShortest)
      throw invalid(`scientific and shortest format not supported for datatype ${dtype}`)
    if (precision >= 0) throw invalid(`precision not supported for datatype ${dtype}`)
  }
  if (flag.length > 1) throw invalid('Fill string must be one or fewer characters')
  if (isScientific && isShortest) throw invalid('Cannot select both scientific and shortest notation')
  if (!' +-0#'.includes(flag)) throw invalid(`Fill argument not supported: "${flag}"`)
  // C's %u knows no sign.
  const isSigned = !dtype.startsWith('uint')
  const floating = isScientific ? 'e' : 'f'
  const kind = isShortest ? 'g' : isFloating ? floating : 'd'
  return {
    kind,
    flag: isSigned || !'+ '.includes(flag) ? flag : '',
    width: width < 0 ? undefined : width,
    precision: precision < 0 ? undefined : precision,
  }
}

export const asStringOps: OpTable = { AsString: { kernel: asString } }
