/**
 * What HTTP alone costs: parses the same body and sends the same bytes as a recserve answer, doing nothing in between;
 * `stringify` makes the text of ten fresh scores anew for each request, as whoever answers with numbers must.
 * Run by bench/http.ts: node echo-server.js fastify|stringify|node REPLY
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'

const [kind, reply = ''] = process.argv.slice(2)
const headers = { 'content-type': 'application/json; charset=utf-8' }

if (kind === 'fastify' || kind === 'stringify') {
  const app = fastify()
  const { items = [], ...rest } = JSON.parse(reply) as { items?: readonly { readonly item: string }[] }
  app.post('/*', async (request, response) => {
    if ((request.body as { user?: unknown }).user === undefined) throw new Error('no user')
    if (kind === 'fastify') return response.headers(headers).send(reply)
    return { ...rest, items: items.map(({ item }) => ({ item, score: Math.fround(Math.random()) })) }
  })
  await app.listen({ port: 0 })
  announce(app.server.address())
} else {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      if (JSON.parse(text).user === undefined) throw new Error('no user')
      response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(reply) })
      response.end(reply)
    })
  })
  server.listen(0, () => announce(server.address()))
}

function announce(address: AddressInfo | string | null): void {
  console.error(`listening on http://127.0.0.1:${(address as AddressInfo).port}`)
}
