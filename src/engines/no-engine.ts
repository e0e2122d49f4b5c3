import { RecserveError } from '../core/errors.js'
import type { Engine } from './engine.js'

const refuse = () =>
  Promise.reject(new RecserveError('failed_precondition', 'there is no inference runtime here'))

/** An engine that runs nothing: those who can, use their own kernels. For one-off commands, where starting a process costs more. */
export const noEngine: Engine = {
  name: 'none',
  available: false,
  open: refuse,
  openSavedModel: refuse,
  openOnnxModel: refuse,
  close: async () => {},
}
