/** Which frequencies a layer of FEARec looks at, and how many lags: RecBole's fearec.py, HybridAttention. */
import { RecserveError } from '../../../core/errors.js'
import type { ArchitectureContext } from '../architecture.js'

/** The transforms are matrices of about the square of the length. */
const longest = 2048

/** @throws RecserveError `unimplemented` or `failed_precondition` for settings RecBole itself fails with */
export function checkFrequencySettings({ settings, maxLength }: ArchitectureContext): void {
  const refuse = (message: string) => {
    throw new RecserveError('failed_precondition', message)
  }
  if (settings.has('use_filter') && settings.flag('use_filter')) {
    throw new RecserveError(
      'unimplemented',
      `the model's use_filter is set, which RecBole has no weights for`,
    )
  }
  if (maxLength < 2 || maxLength > longest) {
    refuse(`the model's MAX_ITEM_LIST_LENGTH is ${maxLength}; FEARec can be served with 2 to ${longest}`)
  }
  if (settings.integer('n_layers') < 2) {
    refuse(
      `the model's n_layers is ${settings.integer('n_layers')}; FEARec divides by n_layers − 1, so 2 at least`,
    )
  }
  if (settings.flag('dual_domain') && maxLength % 2 === 1) {
    refuse(
      `the model's MAX_ITEM_LIST_LENGTH is ${maxLength} with dual_domain, which RecBole cannot run; it has to be even`,
    )
  }
}

/** Frequencies of a real series of `length`, the constant one included. */
export const frequencyCount = (length: number): number => Math.floor(length / 2) + 1

/**
 * Frequencies of the window of layer `index`, which slides from the high ones to the low ones.
 * @throws RecserveError `failed_precondition` where the window leaves the spectrum; `unimplemented` where it is so narrow
 * that the correlation repeats itself, being of frequencies with a common divisor
 */
export function frequencyBand(
  { settings, maxLength }: ArchitectureContext,
  index: number,
): readonly number[] {
  const layers = settings.integer('n_layers')
  const ratio = settings.number('global_ratio')
  const count = frequencyCount(maxLength)
  const isGlobal = ratio > 1 / layers
  const width = isGlobal ? ratio : 1 / layers
  const step = isGlobal ? floorDivide(count * (1 - ratio), layers - 1) : (1 / layers) * count
  const left = Math.trunc(count * (1 - width) - index * step)
  const right = Math.trunc(count - index * step)
  if (left < 0 || right > count) {
    throw new RecserveError(
      'failed_precondition',
      `the model's global_ratio ${ratio} asks for frequencies ${left} to ${right - 1} of ${count} in layer ${index}`,
    )
  }
  const band = Array.from({ length: Math.max(right - left, 0) }, (_, i) => left + i)
  if (band.reduce(greatestDivisor, 2 * (count - 1)) > 1) {
    throw new RecserveError(
      'unimplemented',
      `the model's global_ratio ${ratio} leaves layer ${index} the frequencies [${band}] alone, at which lags correlate ` +
        'alike: which of them RecBole takes is left to its sort',
    )
  }
  return band
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b))

/** Python's `//` of floats: by the exact remainder, so not always the floor of the quotient. */
function floorDivide(dividend: number, divisor: number): number {
  const remainder = dividend % divisor
  const quotient = Math.round((dividend - remainder) / divisor)
  return remainder !== 0 && remainder < 0 !== divisor < 0 ? quotient - 1 : quotient
}

/**
 * How many lags are added up: the largest of the correlations.
 * @throws RecserveError `failed_precondition` where there are not so many
 */
export function lagCount({ settings, maxLength }: ArchitectureContext): number {
  const factor = settings.number('topk_factor')
  const lags = Math.trunc(factor * Math.log(maxLength))
  const available = 2 * (frequencyCount(maxLength) - 1)
  if (lags < 1 || lags > available) {
    throw new RecserveError(
      'failed_precondition',
      `the model's topk_factor ${factor} asks for ${lags} lags; there are 1 to ${available}`,
    )
  }
  return lags
}
