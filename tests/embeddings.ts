/** Writes embedding models of any size, as LibRecommender's `save_embed` would, with seeded random vectors. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface EmbeddingsSize {
  readonly users: number
  readonly items: number
  readonly width: number
}

/** Items each user has had. */
const consumed = 50

/** Ids are the row numbers. Answers the folder. */
export async function writeEmbeddings({ users, items, width }: EmbeddingsSize): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'recserve-embeddings-'))
  const random = seededRandom(7)
  const ids = (count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, i])))
  const item = () => Math.floor(random() * items)
  const vector = () => Array.from({ length: width }, () => Math.fround(random() * 2 - 1))
  await writeFile(join(directory, 'model_name.json'), '{"model_name":"ALS"}')
  await writeFile(join(directory, 'user2id.json'), ids(users))
  await writeFile(join(directory, 'item2id.json'), ids(items))
  await writeFile(join(directory, 'id2item.json'), ids(items))
  await writeRows(join(directory, 'user_consumed.json'), users, () => Array.from({ length: consumed }, item))
  await writeRows(join(directory, 'user_embed.json'), users, vector)
  await writeRows(join(directory, 'item_embed.json'), items, vector)
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
