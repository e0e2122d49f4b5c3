/** Exact search: every row is scored. Right always, and the measure for every other kind. */
import { RecserveError } from '../core/errors.js'
import { openEngineSearch } from './engine-search.js'
import { createKernelSearch, type Search } from './kernel-search.js'
import type { VectorIndex, VectorIndexKind, VectorSource } from './vector-index.js'

/**
 * Multiply-adds (rows x columns) up to which a search runs in the calling thread. There it takes 1.3 ns each, whatever the
 * load; the way to the inference process and back takes 80 to 180 us for a lone query (equal at some 200 000) and 16 us a
 * query when 16 come together (equal at some 12 000). In between, a lone query must not wait long and a busy thread must
 * not compute long: here 43 us against 185 alone and 20 together (bench/exact-index.ts, 2 cores, provisional).
 */
const kernelMaxProducts = 32_768

export const exact: VectorIndexKind = {
  name: 'exact',
  async build(source, tools) {
    const { vectors, scale } = source
    const isSmall = vectors.rows * vectors.columns <= kernelMaxProducts
    if (isSmall || !tools.engine.available) {
      return createIndex(source, { search: createKernelSearch(vectors, scale), close: async () => {} })
    }
    return createIndex(source, await openEngineSearch(vectors, scale, tools))
  },
}

/** Checks at the edge, around a way to search. */
export function createIndex(
  { vectors, scale }: VectorSource,
  how: { readonly search: Search; close(): Promise<void> },
): VectorIndex {
  if (scale && scale.length !== vectors.rows) {
    throw new RecserveError(
      'failed_precondition',
      `${scale.length} scale factors for ${vectors.rows} vectors`,
    )
  }
  return {
    kind: 'exact',
    count: vectors.rows,
    width: vectors.columns,
    search(query, options) {
      if (query.length !== vectors.columns) {
        throw new RecserveError(
          'invalid_argument',
          `the query has ${query.length} values; the vectors have ${vectors.columns}`,
        )
      }
      if (options.scaled && !scale) {
        throw new RecserveError('failed_precondition', 'this index has no scale factors for scaled searches')
      }
      return how.search(query, options)
    },
    close: () => how.close(),
  }
}
