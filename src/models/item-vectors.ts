/** Ranking by inner products with item vectors: what every model with a vector per item has in common. Steps 6 and 7 of the walk. */
import type { VectorIndex, VectorSource } from '../ann/vector-index.js'
import { innerProduct, innerProductsOf } from '../tensor/inner-product.js'
import { type Matrix, row } from '../tensor/matrix.js'
import { type TopK, topKOf } from '../tensor/top-k.js'
import type { RankOptions, Similar, SimilarOptions } from './recommender.js'

export interface ItemVectors {
  /** One row per item of the catalog, [items, width]. */
  readonly matrix: Matrix
  /** Whether the last column is an item's bias, which a query meets with 1: it counts for scores and not for similarity. */
  readonly hasBias: boolean
}

/** The best items for queries of the vectors' width. */
export interface ItemSearch {
  rank(query: Float32Array, options: RankOptions): Promise<TopK> | TopK
  /** By cosine. */
  similar(item: number, options: SimilarOptions): Promise<Similar>
  close(): Promise<void>
}

/** What an index over the vectors is built from. */
export function toVectorSource(vectors: ItemVectors): VectorSource {
  return { vectors: vectors.matrix, scale: inverseNorms(vectors) }
}

/** @param index built from `toVectorSource` of these vectors */
export function createItemSearch(vectors: ItemVectors, index: VectorIndex): ItemSearch {
  return {
    rank(query, { n, excluded, candidates, call }) {
      if (!candidates) return index.search(query, { k: n, excluded, call })
      const rows = without(candidates, excluded)
      const scores = new Float32Array(rows.length)
      innerProductsOf(vectors.matrix, rows, query, scores)
      return topKOf(rows, scores, n)
    },

    async similar(item, { n, excluded, call }) {
      const query = cosineQuery(vectors, item)
      return {
        ...(await index.search(query, { k: n, excluded, scaled: true, call })),
        similarity: 'cosine',
      }
    },

    close: () => index.close(),
  }
}

/** Candidates that are not excluded, in their order. */
export function without(candidates: Int32Array, excluded: Int32Array): Int32Array {
  const left = new Set(excluded)
  return candidates.filter((candidate) => !left.has(candidate))
}

/** An item's own vector made unit length, its bias left out: with `inverseNorms` as scale the scores are cosines. */
function cosineQuery({ matrix, hasBias }: ItemVectors, item: number): Float32Array {
  const query = row(matrix, item).slice()
  if (hasBias) query[query.length - 1] = 0
  const norm = Math.sqrt(innerProduct(query, 0, query))
  return norm === 0 ? query : query.map((value) => value / norm)
}

/** 1 / |vector| per item, over the columns that are not a bias; 0 for a zero vector. */
function inverseNorms({ matrix, hasBias }: ItemVectors): Float32Array {
  const width = matrix.columns - (hasBias ? 1 : 0)
  return Float32Array.from({ length: matrix.rows }, (_, i) => {
    const vector = row(matrix, i).subarray(0, width)
    const norm = Math.sqrt(innerProduct(vector, 0, vector))
    return norm === 0 ? 0 : 1 / norm
  })
}
