/** A catalogue in the inference process: scores stay here, and only the best of them travel. */
import { RecserveError } from '../../core/errors.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { type NamedTensors, type Tensor, tensor } from '../../tensor/tensor.js'
import { topKExcluding } from '../host-ops/top-k-excluding.js'
import type { LoadedModel } from '../tensorflow/saved-model.js'
import type { SpecialisedModel } from '../tensorflow/specialise/specialised-model.js'
import { userPrefix } from './catalogue-run.js'
import type { Request } from './messages.js'
import type { Opened } from './opened-session.js'

/** @throws RecserveError as `LoadedModel.specialise` */
export function openCatalogue(
  model: LoadedModel,
  { signature, output, users, mixed, maxBytes }: Request & { readonly kind: 'specialise' },
  items: NamedAnyTensors,
): Opened {
  const catalogue = model.specialise({ signature, output, items, users, maxBytes, ...(mixed && { mixed }) })
  const { itemCount, keptBytes } = catalogue
  return {
    session: {
      run: ({ budgetMs }, tensors, signal) =>
        rank(catalogue, tensors, {
          signal,
          ...(budgetMs !== undefined && { deadline: Date.now() + budgetMs }),
        }),
      close: () => {},
    },
    model: { signatures: [], unservable: [], catalogue: { itemCount, keptBytes } },
  }
}

function rank(
  catalogue: SpecialisedModel,
  tensors: NamedAnyTensors,
  options: Parameters<SpecialisedModel['score']>[1],
): NamedAnyTensors {
  const named = Object.entries(tensors).flatMap(([name, value]) =>
    name.startsWith(userPrefix) ? [[name.slice(userPrefix.length), value] as const] : [],
  )
  const rows = candidatesIn(tensors as NamedTensors, catalogue.itemCount)
  const scores = catalogue.score(Object.fromEntries(named), { ...options, rows })
  const { k, excluded_offsets: offsets, excluded } = tensors as NamedTensors
  const [ends, indices, best] = topKExcluding.run([
    joined(scores, rows?.length ?? catalogue.itemCount),
    k,
    offsets,
    rows ? placesOf(excluded, rows) : excluded,
  ])
  return { offsets: ends!, indices: rows ? rowsOf(indices!, rows) : indices!, scores: best! }
}

/** In ascending order, so that ties go to the lower row. */
function candidatesIn({ candidates }: NamedTensors, itemCount: number): Int32Array | undefined {
  if (candidates === undefined) return undefined
  const rows = Int32Array.from(candidates.data as Int32Array).sort()
  if (rows.length === 0 || (rows[0]! >= 0 && rows.at(-1)! < itemCount)) return rows
  throw new RecserveError(
    'invalid_argument',
    `candidates are rows from ${rows[0]} to ${rows.at(-1)}, expected 0 to ${itemCount - 1}`,
  )
}

function joined(scores: readonly Float32Array[], width: number): Tensor {
  const all = new Float32Array(scores.length * width)
  for (const [u, row] of scores.entries()) all.set(row, u * width)
  return tensor('float32', [scores.length, width], all)
}

/** Where the excluded rows are among the candidates; -1, which excludes nothing, where they are not. */
function placesOf(excluded: Tensor | undefined, rows: Int32Array): Tensor {
  const places = new Map(Array.from(rows, (row, place) => [row, place]))
  const found = Int32Array.from(excluded?.data as Int32Array, (row) => places.get(row) ?? -1)
  return tensor('int32', [found.length], found)
}

const rowsOf = ({ data }: Tensor, rows: Int32Array): Tensor =>
  tensor(
    'int32',
    [data.length],
    Int32Array.from(data as Int32Array, (place) => rows[place]!),
  )
