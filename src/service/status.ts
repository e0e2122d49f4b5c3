import type { ServableStatus } from '../lifecycle/manager.js'
import type { Readiness, Service, ServiceOptions } from './service.js'

export function createStatus({ manager }: ServiceOptions): Pick<Service, 'models' | 'readiness' | 'drain'> {
  let draining = false
  return {
    models: () => manager.statuses(),
    drain: () => {
      draining = true
    },
    readiness() {
      const models = manager.statuses()
      const reason = draining ? 'draining' : reasonOf(models)
      return { ready: reason === 'ready', reason, models }
    },
  }
}

function reasonOf(models: readonly ServableStatus[]): Readiness['reason'] {
  if (models.some(({ state }) => state === 'start' || state === 'loading')) return 'loading'
  return models.some(({ state }) => state === 'available') ? 'ready' : 'no model serves'
}
