/** What those who run the server ask: is it alive, is it ready, how is it doing. */
import type { Readiness } from '../../service/service.js'
import type { Protocol } from '../protocol.js'

export const operations: Protocol = {
  name: 'operations',

  register(app, { service, metrics }) {
    app.get('/healthz', async () => ({ status: 'ok' }))

    app.get('/readyz', async (_request, reply) => {
      const { ready, reason, models } = service.readiness()
      return reply.code(ready ? 200 : 503).send({ ready, reason, models: models.map(describe) })
    })

    app.get('/metrics', async (_request, reply) => {
      const { contentType, body } = await metrics()
      return reply.type(contentType).send(body)
    })
  },
}

function describe({ servable, state, kind, error }: Readiness['models'][number]) {
  return { ...servable, ...(kind && { kind }), state, ...(error && { error: error.message }) }
}
