/** All routes of all wires, to tell a wrong method from a wrong path and to name what was probably meant. */
import type { FastifyInstance } from 'fastify'
import { RecserveError } from '../core/errors.js'
import { nearest } from '../core/nearest.js'

export interface RouteList {
  /** What to answer a request that no route takes. `allow`: the Allow header of a 405 (RFC 9110, 15.5.6). */
  refusalOf(
    method: string,
    url: string,
  ): { readonly status: number; readonly error: RecserveError; readonly allow?: string }
}

/** Must be called before routes are added. */
export function createRouteList(app: FastifyInstance): RouteList {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.isRefusal) return
    const known = methods.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one)
    methods.set(url, known)
  })
  return {
    refusalOf(method, url) {
      const path = url.split('?', 1)[0]!
      const allowed = [...methods]
        .filter(([pattern]) => matches(pattern, path))
        .flatMap(([, known]) => [...known])
        .sort()
      if (allowed.length > 0) {
        const allow = allowed.join(', ')
        const error = new RecserveError('unimplemented', `this route takes ${allow}, not ${method}`)
        return { status: 405, error, allow }
      }
      const near = nearest(path.slice(0, 256), methods.keys()).map((pattern) =>
        describe(pattern, methods.get(pattern)!),
      )
      const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `routes: ${routesOf(methods)}`
      return { status: 404, error: new RecserveError('not_found', `there is no such route; ${hint}`) }
    },
  }
}

/** Whether a path is one that a pattern such as `/v1/recommend/:model` describes. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const parts = path.split('/')
  return (
    wanted.length === parts.length && wanted.every((part, i) => part.startsWith(':') || part === parts[i])
  )
}

function describe(pattern: string, methods: ReadonlySet<string>): string {
  const shown = [...methods].filter((method) => method !== 'HEAD').join('|')
  return `${shown} ${pattern.replaceAll(/:(\w+)/g, '{$1}')}`
}

function routesOf(methods: ReadonlyMap<string, ReadonlySet<string>>): string {
  return [...methods].map(([pattern, known]) => describe(pattern, known)).join(', ')
}
