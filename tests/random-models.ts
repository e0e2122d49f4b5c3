/** Writes models of any size, as LibRecommender's exporter would, with seeded random contents. */
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { temporaryFolder } from './temporary.js'

export interface ModelSize {
  readonly users: number
  readonly items: number
  /** Items each user has had. */
  readonly consumed: number
}

/** As `save_embed` writes. Ids are the row numbers. Answers the folder. */
export async function writeEmbeddings(size: ModelSize & { readonly width: number }): Promise<string> {
  const random = seededRandom(7)
  const directory = await writePopulation('ALS', size, random)
  const vector = () => Array.from({ length: size.width }, () => Math.fround(random() * 2 - 1))
  await writeRows(join(directory, 'user_embed.json'), size.users, vector)
  await writeRows(join(directory, 'item_embed.json'), size.items, vector)
  return directory
}

/** As `save_knn` writes, with `neighbors` most similar users or items each. */
export async function writeNeighbors(
  size: ModelSize & { readonly algorithm: 'UserCF' | 'ItemCF'; readonly neighbors: number },
): Promise<string> {
  const random = seededRandom(8)
  const directory = await writePopulation(size.algorithm, size, random)
  const rows = size.algorithm === 'UserCF' ? size.users : size.items
  const neighbor = (_: unknown, i: number) => [Math.floor(random() * rows), Math.fround(1 / (i + 2))]
  await writeRows(join(directory, 'sim.json'), rows, () => Array.from({ length: size.neighbors }, neighbor))
  return directory
}

async function writePopulation(
  algorithm: string,
  { users, items, consumed }: ModelSize,
  random: () => number,
): Promise<string> {
  const directory = temporaryFolder('random')
  const ids = (count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, i])))
  await writeFile(join(directory, 'model_name.json'), JSON.stringify({ model_name: algorithm }))
  await writeFile(join(directory, 'user2id.json'), ids(users))
  await writeFile(join(directory, 'item2id.json'), ids(items))
  await writeFile(join(directory, 'id2item.json'), ids(items))
  const history = () => Array.from({ length: consumed }, () => Math.floor(random() * items))
  await writeRows(join(directory, 'user_consumed.json'), users, history)
  return directory
}

async function writeRows(path: string, count: number, row: () => unknown): Promise<void> {
  function* lines() {
    for (let i = 0; i < count; i++) yield `${i === 0 ? '{' : ','}"${i}":${JSON.stringify(row())}`
    yield '}'
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}

/** Numbers in [0, 1), the same for a seed (mulberry32, Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
