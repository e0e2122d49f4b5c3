/** UserCF and ItemCF, saved natively: similarities and the labels they are multiplied by (libreco/bases/cf_base.py, `save`). */
import { RecserveError } from '../../core/errors.js'
import type { SparseMatrix } from '../../tensor/ragged.js'
import type { LoadTools } from '../model-kind.js'
import type { ExportReader, Population } from './export.js'
import type { KnnAlgorithm, KnnParts } from './knn-recommender.js'
import { isComputedOf, transpose } from './native-similarity.js'
import { readCsrNpz, requireShape, toNearest } from './native-sparse.js'

const maxBytes = 2 ** 32

export const neighborFiles = (prefix: string): readonly [string, string] => [
  `${prefix}_sim_matrix.npz`,
  `${prefix}_user_inter.npz`,
]

/** What is known of the model before its matrices are read. */
export interface NeighborModel {
  readonly prefix: string
  readonly population: Population
  readonly hyperParameters: Readonly<Record<string, unknown>>
}

/** @throws RecserveError naming the file */
export async function readNeighbors(
  reader: ExportReader,
  { prefix, population, hyperParameters }: NeighborModel,
  { signal }: Pick<LoadTools, 'signal'>,
): Promise<Omit<KnnParts, 'kind'>> {
  const [similarityFile, labelFile] = neighborFiles(prefix)
  const k = hyperParameters.k_sim
  if (!Number.isSafeInteger(k) || (k as number) < 1) {
    const text = `${prefix}_hyper_parameters.json: k_sim, the number of neighbours, is ${JSON.stringify(k)}; an integer from 1 on is due`
    throw new RecserveError('data_loss', text)
  }
  const { users, catalog } = population
  const read = (path: string, options: object) => readCsrNpz(path, { ...options, maxBytes })
  const labels = requireShape(await reader.read(labelFile, read), [users.size, catalog.size], labelFile)
  requireSinglePairs(labels, catalog.size, labelFile)
  const similarities = await reader.read(similarityFile, read)
  const algorithm = algorithmOf(similarities, {
    labels,
    population,
    similarityType: hyperParameters.sim_type,
    name: similarityFile,
  })
  const size = algorithm === 'UserCF' ? users.size : catalog.size
  requireShape(similarities, [size, size], similarityFile)
  const nearest = await toNearest(similarities, { k: k as number, signal })
  return { algorithm, population, similarities: nearest, labels }
}

/** SciPy adds up what is there twice when it makes such a matrix, so nothing is. */
function requireSinglePairs({ offsets, columns }: SparseMatrix, limit: number, name: string): void {
  const seenIn = new Int32Array(limit).fill(-1)
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let i = offsets[r]!; i < offsets[r + 1]!; i++) {
      if (seenIn[columns[i]!] === r)
        throw new RecserveError('data_loss', `${name}: has column ${columns[i]} twice in row ${r}`)
      seenIn[columns[i]!] = r
    }
  }
}

interface Evidence {
  readonly labels: SparseMatrix
  readonly population: Population
  readonly similarityType: unknown
  readonly name: string
}

/** The two write the same files with the same parameters: their matrices differ in what the rows are. */
function algorithmOf(
  similarities: SparseMatrix & { readonly rows: number },
  { labels, population, similarityType, name }: Evidence,
): KnnAlgorithm {
  const [users, items] = [population.users.size, population.catalog.size]
  if (users !== items) return similarities.rows === users ? 'UserCF' : 'ItemCF'
  // As many users as items: what was computed of the one is computed again.
  const isOfUsers = isComputedOf(labels, similarities, similarityType)
  const isOfItems = isComputedOf(transpose(labels, items), similarities, similarityType)
  if (isOfUsers !== isOfItems) return isOfUsers ? 'UserCF' : 'ItemCF'
  const text = `${name}: there are as many users as items (${users}), and nothing tells whether these are similar users (UserCF) or similar items (ItemCF): export the model with libserving's save_knn, which says so`
  throw new RecserveError('failed_precondition', text)
}
