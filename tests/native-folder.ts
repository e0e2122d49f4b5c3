/** Writes folders as LibRecommender's own saving does: .npz, .npy and pickles, right and wrong ones. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ascii, ndarray, type Pickled, pickle } from './pickle-file.js'
import { temporaryFolder } from './temporary.js'
import { archive } from './torch-file.js'
import { alikeTo, isAlike, itemId, userId, worldSize } from './world.js'

/** A .npy file. @param descr NumPy's type string */
export function npy(descr: string, shape: readonly number[], content: Uint8Array): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }\n`
  const start = Buffer.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0)
  return Buffer.concat([start, ascii(header), content])
}

export const float32s = (shape: readonly number[], values: readonly number[]): Buffer =>
  npy('<f4', shape, new Uint8Array(Float32Array.from(values).buffer))
export const int32s = (values: readonly number[]): Buffer =>
  npy('<i4', [values.length], new Uint8Array(Int32Array.from(values).buffer))
/** A vector of Python objects, pickled as `numpy.save` does with `allow_pickle`. */
export const objects = (values: readonly Pickled[]): Buffer =>
  npy(
    '|O',
    [values.length],
    pickle(ndarray({ code: 'O8', order: '|', shape: [values.length], content: values })),
  )

export function npz(arrays: Readonly<Record<string, Uint8Array>>): Buffer {
  return archive(
    Object.entries(arrays).map(([name, bytes]) => ({ name: `${name}.npy`, bytes, isDeflated: true })),
  )
}

/** A matrix as `scipy.sparse.save_npz` writes it. */
export function csr(
  limit: number,
  rows: readonly (readonly (readonly [column: number, value: number])[])[],
  form = 'csr',
): Buffer {
  const cells = rows.flat()
  const ends = rows.map((_, r) => rows.slice(0, r + 1).reduce((sum, row) => sum + row.length, 0))
  return npz({
    indices: int32s(cells.map(([column]) => column)),
    indptr: int32s([0, ...ends]),
    format: npy(`|S${form.length}`, [], ascii(form)),
    shape: int32s([rows.length, limit]),
    data: float32s(
      [cells.length],
      cells.map(([, value]) => value),
    ),
  })
}

export type NativeFiles = Readonly<Record<string, Uint8Array | string>>

/** Writes files into a new folder, or one that is there. */
export function writeNative(files: NativeFiles, directory = temporaryFolder('native')): string {
  mkdirSync(directory, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return directory
}

const rows = Array.from({ length: worldSize }, (_, row) => row)
/** One user more than there are items, who has had nothing: otherwise the world looks the same from both sides. */
const users = [...rows, worldSize]

/** What `data_info.save(path, prefix)` writes of the world. */
export const worldPopulation = (prefix: string): NativeFiles => ({
  [`${prefix}_data_info.npz`]: npz({
    interaction_data: objects(['never', 'read']),
    user_unique_vals: objects(users.map(userId)),
    item_unique_vals: int32s(rows.map((row) => Number(itemId(row)))),
  }),
  [`${prefix}_user_consumed.pkl`]: pickle(new Map(rows.map((row) => [row, alikeTo(row)]))),
})

const alike = (row: number) => alikeTo(row).map((other) => [other, 1] as const)
const hyperParameters = {
  ALS: { task: 'ranking', embed_size: 2, use_cg: true },
  CF: { task: 'ranking', sim_type: 'cosine', k_sim: worldSize, min_common: 1 },
}

/** The world's files by algorithm, as `model.save(path, prefix)` writes them. */
export const worldModels = {
  ALS: (prefix: string): NativeFiles => ({
    [`${prefix}_hyper_parameters.json`]: JSON.stringify(hyperParameters.ALS),
    [`${prefix}.npz`]: npz({
      user_embed: float32s(
        [users.length + 1, 2],
        [...users.flatMap((user) => (isAlike(user, 0) ? [1, 0.1] : [0.1, 1])), 0.5, 0.6],
      ),
      item_embed: float32s(
        [worldSize + 1, 2],
        [...rows.flatMap((item) => (isAlike(item, 0) ? [1, 0] : [0, 1])), 0.5, 0.5],
      ),
    }),
  }),
  UserCF: (prefix: string): NativeFiles => ({
    [`${prefix}_hyper_parameters.json`]: JSON.stringify(hyperParameters.CF),
    [`${prefix}_sim_matrix.npz`]: csr(users.length, [...rows.map(alike), []]),
    [`${prefix}_user_inter.npz`]: csr(worldSize, [...rows.map(alike), []]),
  }),
  ItemCF: (prefix: string): NativeFiles => ({
    [`${prefix}_hyper_parameters.json`]: JSON.stringify(hyperParameters.CF),
    [`${prefix}_sim_matrix.npz`]: csr(worldSize, rows.map(alike)),
    [`${prefix}_user_inter.npz`]: csr(worldSize, [...rows.map(alike), []]),
  }),
} as const

/** Writes the world natively and answers the folder. */
export const writeNativeWorld = (algorithm: keyof typeof worldModels, prefix = 'm'): string =>
  writeNative({ ...worldPopulation(prefix), ...worldModels[algorithm](prefix) })
