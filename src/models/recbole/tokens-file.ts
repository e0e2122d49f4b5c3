/** Files that name a model's ids and nothing else: `{"user_id": ["[PAD]", "u186", …], "item_id": […]}`. */
import { basename } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readSmallJson } from '../../formats/json-arrays.js'
import type { RecBoleDataset } from './dataset.js'

/** Ids of some ten million items. */
const maxBytes = 512 * 2 ** 20

/**
 * For every field the tokens by internal id, `[PAD]` first.
 * @throws RecserveError `data_loss` where it is not of that form
 */
export async function readTokensFile(path: string): Promise<RecBoleDataset> {
  const content = await readSmallJson(path, maxBytes)
  return toTokensOnly(parseTokens(content, basename(path)), basename(path))
}

export function toTokensOnly(tokens: ReadonlyMap<string, readonly string[]>, source: string): RecBoleDataset {
  return {
    source,
    tokens,
    interactions: undefined,
    isTrainingPart: false,
    itemFeatures: undefined,
    userFeatures: undefined,
    relationVectors: undefined,
  }
}

/** @param name of the file, for messages */
export function parseTokens(content: unknown, name: string): ReadonlyMap<string, readonly string[]> {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new RecserveError('data_loss', `${name}: expected an object of lists of tokens by field`)
  }
  const tokens = new Map<string, readonly string[]>()
  for (const [field, list] of Object.entries(content)) {
    if (!Array.isArray(list) || !list.every((token) => typeof token === 'string')) {
      throw new RecserveError('data_loss', `${name}: ${field} is not a list of tokens (texts)`)
    }
    tokens.set(field, list)
  }
  return tokens
}
