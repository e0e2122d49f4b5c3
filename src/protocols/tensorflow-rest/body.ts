/** Bodies of this wire: JSON whatever the content type says, perhaps gzipped. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

const inflate = promisify(gunzip)

/** Most bytes a gzipped body may have once inflated (net_http/compression/gzip_zlib.h, kMaxUncompressedBytes). */
const maxInflatedBytes = 100 * 1024 * 1024

/** Every body arrives as bytes. What cannot be inflated is an empty one, as in the original. */
export function acceptBytes(app: FastifyInstance, maxBytes: number): void {
  const limit = Math.min(maxInflatedBytes, maxBytes)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (!request.headers['content-encoding']?.includes('gzip')) return done(null, body)
    inflate(body as Buffer, { maxOutputLength: limit }).then(
      (inflated) => done(null, inflated),
      () => done(null, Buffer.alloc(0)),
    )
  })
}
