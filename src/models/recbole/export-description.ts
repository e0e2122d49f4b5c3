/** `recserve.json` as tools/python/recserve_export.py writes it: everything of a model that is no tensor. */
import { basename, join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readSmallJson } from '../../formats/json-arrays.js'
import type { PickleValue } from '../../formats/pickle/value.js'
import type { Feature } from './architecture.js'
import { firstBytes } from './file-kind.js'
import { parseTokens } from './tokens-file.js'

export const descriptionFile = 'recserve.json'
const format = 'recbole-export'
const version = 1
/** Ids of some ten million items. */
const maxDescriptionBytes = 512 * 2 ** 20

/** Whether a folder holds such an export: the exporter puts the format first, so the ids behind it need not be read. */
export async function isExportFolder(directory: string): Promise<boolean> {
  const head = await firstBytes(join(directory, descriptionFile), 256)
  return /^\s*\{\s*"format"\s*:\s*"recbole-export"/.test(head.toString('utf8'))
}

/** @throws RecserveError `data_loss` naming what is not as the exporter writes it; `unimplemented` for a later version */
export async function readDescription(directory: string): Promise<Description> {
  return parseDescription(await readSmallJson(join(directory, descriptionFile), maxDescriptionBytes))
}

/** What `recserve.json` of an export says. */
export interface Description {
  readonly className: string
  readonly modelType: number | undefined
  readonly weights: string
  readonly settings: ReadonlyMap<PickleValue, PickleValue>
  readonly tokens: ReadonlyMap<string, readonly string[]>
  readonly itemFeatures: readonly FeatureDescription[]
  readonly userFeatures: readonly FeatureDescription[]
}

export interface FeatureDescription {
  readonly field: string
  readonly kind: Feature['kind']
  readonly size: number
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined

function parseDescription(content: unknown): Description {
  const record = asRecord(content)
  if (record?.format !== format) throw damaged(`has no "format": "${format}"`)
  if (record.version !== version) {
    throw new RecserveError(
      'unimplemented',
      `${descriptionFile}: is of version ${JSON.stringify(record.version)}; this recserve reads version ${version}`,
    )
  }
  const { class: className, model_type: modelType, weights } = record
  const settings = toPlain(record.settings ?? null)
  if (typeof className !== 'string') throw damaged('has no "class"')
  if (typeof weights !== 'string' || basename(weights) !== weights)
    throw damaged('"weights" is not the name of a file')
  if (!(settings instanceof Map)) throw damaged('has no "settings"')
  return {
    className,
    weights,
    settings,
    modelType: typeof modelType === 'number' ? modelType : undefined,
    tokens: parseTokens(record.tokens, descriptionFile),
    itemFeatures: parseFeatures(record, 'item_features'),
    userFeatures: parseFeatures(record, 'user_features'),
  }
}

const kinds = ['token', 'token_seq', 'float', 'float_seq'] as const

function parseFeatures(
  description: Readonly<Record<string, unknown>>,
  key: string,
): readonly FeatureDescription[] {
  const content = description[key] ?? []
  if (!Array.isArray(content)) throw damaged(`"${key}" is no list`)
  return content.map((entry) => {
    const record = asRecord(entry)
    const kind = kinds.find((known) => known === record?.kind)
    const size = record?.size ?? 0
    if (typeof record?.field !== 'string' || !kind || !Number.isSafeInteger(size)) {
      throw damaged(`"${key}" has an entry without field, kind or size`)
    }
    return { field: record.field, kind, size: size as number }
  })
}

/** JSON as a pickle would have it: objects are Maps. */
function toPlain(value: unknown): PickleValue {
  if (Array.isArray(value)) return value.map(toPlain)
  const record = asRecord(value)
  return record
    ? new Map(Object.entries(record).map(([key, part]) => [key, toPlain(part)]))
    : (value as PickleValue)
}

function damaged(problem: string): RecserveError {
  return new RecserveError('data_loss', `${descriptionFile}: ${problem}`)
}
