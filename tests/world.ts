/**
 * A tiny world with known answers: even users like even items, odd users odd ones, and each user has had every item
 * of their kind but their own. So the best item left for user u is item u, whatever the model
 * (the idea is implicit's, tests/recommender_base_test.py).
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary.js'

export const worldSize = 20

/** Client's ids, deliberately not the row numbers. */
export const userId = (row: number): string => String(500 + row)
export const itemId = (row: number): string => String(9000 + 3 * row)

export const isAlike = (a: number, b: number): boolean => a % 2 === b % 2

/** Rows 0..size-1 that are alike to one, itself left out. */
export const alikeTo = (row: number): number[] =>
  rows().filter((other) => other !== row && isAlike(row, other))

const rows = () => Array.from({ length: worldSize }, (_, row) => row)
const record = <T>(value: (row: number) => T): Record<string, T> =>
  Object.fromEntries(rows().map((row) => [row, value(row)]))

/** How each kind of LibRecommender export tells this world. */
export const worlds = {
  UserCF: { 'sim.json': record((user) => alikeTo(user).map((other) => [other, 1])) },
  ItemCF: { 'sim.json': record((item) => alikeTo(item).map((other) => [other, 1])) },
  ALS: {
    'user_embed.json': record((user) => [isAlike(user, 0) ? 1 : 0.1, isAlike(user, 0) ? 0.1 : 1]),
    'item_embed.json': record((item) => [isAlike(item, 0) ? 1 : 0, isAlike(item, 0) ? 0 : 1]),
  },
} as const satisfies Record<string, Record<string, unknown>>

export type WorldAlgorithm = keyof typeof worlds

/** Writes the world as `libserving` would export it and answers the folder. */
export const writeWorld = (algorithm: WorldAlgorithm, parent?: string): Promise<string> =>
  writeWorldFiles(algorithm, worlds[algorithm], parent)

/** @param own the algorithm's own files, by name, beside those that every export has */
export async function writeWorldFiles(
  algorithm: string,
  own: Readonly<Record<string, unknown>>,
  parent?: string,
): Promise<string> {
  const directory = join(parent ?? temporaryFolder('world'), algorithm.toLowerCase())
  await mkdir(directory, { recursive: true })
  const files: Record<string, unknown> = {
    'model_name.json': { model_name: algorithm },
    'user2id.json': Object.fromEntries(rows().map((row) => [userId(row), row])),
    'item2id.json': Object.fromEntries(rows().map((row) => [itemId(row), row])),
    'id2item.json': record((row) => Number(itemId(row))),
    'user_consumed.json': record(alikeTo),
    ...own,
  }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), JSON.stringify(content))
  }
  return directory
}
