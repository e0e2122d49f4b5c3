import { RecserveError } from '../../../core/errors.js'
import type { Settings } from '../architecture.js'

/**
 * A setting that nothing else holds in bounds.
 * @throws RecserveError `data_loss` as `Settings.integer`; `failed_precondition` outside of the bounds, which are included
 */
export function integerWithin(
  settings: Settings,
  name: string,
  { least, most = Number.MAX_SAFE_INTEGER }: { readonly least: number; readonly most?: number },
): number {
  const value = settings.integer(name)
  if (value >= least && value <= most) return value
  const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
  throw new RecserveError('failed_precondition', `the model's ${name} is ${value}; expected ${bounds}`)
}
