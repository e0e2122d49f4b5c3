/** The part of a checkpoint's settings that says how its data set was read and filtered (RecBole's "data settings"). */
import { RecserveError } from '../../core/errors.js'
import type { PickleValue } from '../../formats/pickle/value.js'
import { type Interval, parseIntervals } from './interval.js'
import { describe, type RecBoleSettings } from './settings.js'

/** Fields that share their ids, the first one giving the name to the others. */
export interface Alias {
  readonly name: 'user_id' | 'item_id' | 'entity_id' | 'relation_id'
  readonly fields: readonly string[]
}

/** Fields of the knowledge graph; absent for models without one. */
export interface KnowledgeFields {
  readonly head: string
  readonly tail: string
  readonly relation: string
  readonly entity: string
  readonly reversesRelations: boolean
  readonly entityCounts: readonly Interval[] | undefined
  readonly relationCounts: readonly Interval[] | undefined
}

export interface DatasetSettings {
  /** Name of the data set: that of its folder and files. */
  readonly name: string
  readonly userField: string
  readonly itemField: string
  readonly timeField: string | undefined
  readonly fieldSeparator: string
  readonly sequenceSeparator: string
  readonly encoding: string
  readonly sequenceLimits: ReadonlyMap<string, number>
  /** Suffixes of further files that are read: `ent`, `rel`. */
  readonly additionalSuffixes: readonly string[]
  /** Parts into which the interactions come split (`<name>.<part>.inter`); then nothing is filtered. */
  readonly benchmarkParts: readonly string[] | undefined
  /** Which fields of the file with this suffix are loaded; undefined: the file is not. */
  readonly selection: (suffix: string) => ((field: string) => boolean) | undefined
  readonly duplicates: 'first' | 'last' | undefined
  readonly values: ReadonlyMap<string, PickleValue>
  readonly onlyKnown: boolean
  readonly userCounts: readonly Interval[] | undefined
  readonly itemCounts: readonly Interval[] | undefined
  readonly aliases: readonly Alias[]
  readonly knowledge: KnowledgeFields | undefined
  /** Fields that are dropped after loading, by the suffix of their file. */
  readonly unusedFields: { readonly item: readonly string[]; readonly user: readonly string[] }
  /** Fields that are scaled to 0..1, or all floats. */
  readonly normalized: readonly string[] | 'all'
  readonly discretized: ReadonlySet<string>
  /** Field of ids → field of the vectors that are loaded with them. */
  readonly preloaded: ReadonlyMap<string, string>
  readonly listSuffix: string
}

/** Classes whose data set holds a knowledge graph although their type is sequential (recbole's customized_dataset.py). */
const sequentialKnowledge = ['KSR', 'GRU4RecKG']

/** `ModelType.KNOWLEDGE` of recbole/utils/enum_type.py. */
const knowledgeType = 4

export interface ModelClass {
  readonly className: string
  /** The number of RecBole's ModelType; undefined where the settings do not tell. */
  readonly modelType: number | undefined
}

/** @throws RecserveError `data_loss` for a setting of a wrong form; `failed_precondition` where RecBole would refuse it too */
export function toDatasetSettings(settings: RecBoleSettings, model: ModelClass): DatasetSettings {
  const userField = settings.optionalText('USER_ID_FIELD') ?? 'user_id'
  const itemField = settings.optionalText('ITEM_ID_FIELD') ?? 'item_id'
  const hasKnowledge = model.modelType === knowledgeType || sequentialKnowledge.includes(model.className)
  const knowledge = hasKnowledge ? knowledgeFields(settings) : undefined
  return {
    name: settings.optionalText('dataset') ?? '',
    userField,
    itemField,
    timeField: settings.optionalText('TIME_FIELD'),
    fieldSeparator: settings.optionalText('field_separator') ?? '\t',
    sequenceSeparator: settings.optionalText('seq_separator') ?? ' ',
    encoding: settings.optionalText('encoding') ?? 'utf-8',
    sequenceLimits: sequenceLimits(settings),
    additionalSuffixes: settings.optionalTexts('additional_feat_suffix'),
    benchmarkParts: settings.has('benchmark_filename') ? settings.texts('benchmark_filename') : undefined,
    selection: selectionOf(settings),
    duplicates: duplicatesOf(settings),
    values: settings.dictionary('val_interval') ?? new Map(),
    onlyKnown: settings.value('filter_inter_by_user_or_item') === true,
    userCounts: countsOf(settings, 'user_inter_num_interval'),
    itemCounts: countsOf(settings, 'item_inter_num_interval'),
    aliases: aliasesOf(settings, { userField, itemField, knowledge }),
    knowledge,
    unusedFields: {
      item: textsIn(settings.dictionary('unused_col')?.get('item'), 'unused_col'),
      user: textsIn(settings.dictionary('unused_col')?.get('user'), 'unused_col'),
    },
    normalized: settings.value('normalize_all') === true ? 'all' : settings.optionalTexts('normalize_field'),
    discretized: new Set(settings.dictionary('discretization')?.keys()),
    preloaded: preloadedOf(settings),
    listSuffix: settings.optionalText('LIST_SUFFIX') ?? '_list',
  }
}

function knowledgeFields(settings: RecBoleSettings): KnowledgeFields {
  return {
    head: settings.optionalText('HEAD_ENTITY_ID_FIELD') ?? 'head_id',
    tail: settings.optionalText('TAIL_ENTITY_ID_FIELD') ?? 'tail_id',
    relation: settings.optionalText('RELATION_ID_FIELD') ?? 'relation_id',
    entity: settings.optionalText('ENTITY_ID_FIELD') ?? 'entity_id',
    reversesRelations: settings.value('kg_reverse_r') === true,
    entityCounts: countsOf(settings, 'entity_kg_num_interval'),
    relationCounts: countsOf(settings, 'relation_kg_num_interval'),
  }
}

function countsOf(settings: RecBoleSettings, name: string): readonly Interval[] | undefined {
  const text = settings.optionalText(name)
  return text === undefined ? undefined : parseIntervals(text, name)
}

function duplicatesOf(settings: RecBoleSettings): 'first' | 'last' | undefined {
  const keep = settings.optionalText('rm_dup_inter')
  if (keep === undefined || keep === 'first' || keep === 'last') return keep
  throw new RecserveError(
    'data_loss',
    `the checkpoint's setting rm_dup_inter is ${JSON.stringify(keep)}; expected first or last`,
  )
}

/** `load_col` names what is loaded, file by file; a file that it does not name is not loaded. `unload_col` leaves out. */
function selectionOf(settings: RecBoleSettings): DatasetSettings['selection'] {
  const loads = settings.dictionary('load_col')
  const unloads = settings.dictionary('unload_col')
  return (suffix) => {
    const named = loads?.get(suffix)
    const isWhole = !loads || named === '*'
    const loaded = new Set(isWhole ? [] : textsIn(named, 'load_col'))
    const unloaded = new Set(textsIn(unloads?.get(suffix), 'unload_col'))
    if (!isWhole && loaded.size === 0) return undefined
    if (loaded.size > 0 && unloaded.size > 0) {
      throw new RecserveError(
        'failed_precondition',
        `the checkpoint's settings load_col and unload_col both name fields of .${suffix}, which RecBole refuses`,
      )
    }
    return (field) => (isWhole || loaded.has(field)) && !unloaded.has(field)
  }
}

function textsIn(value: PickleValue | undefined, name: string): readonly string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value
  throw new RecserveError(
    'data_loss',
    `the checkpoint's setting ${name} has ${describe(value)} where a list of field names is expected`,
  )
}

function sequenceLimits(settings: RecBoleSettings): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const [field, limit] of settings.dictionary('seq_len') ?? []) {
    if (typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0) limits.set(field, limit)
  }
  return limits
}

function preloadedOf(settings: RecBoleSettings): ReadonlyMap<string, string> {
  const preloaded = new Map<string, string>()
  for (const [idField, valueField] of settings.dictionary('preload_weight') ?? []) {
    if (typeof valueField === 'string') preloaded.set(idField, valueField)
  }
  return preloaded
}

interface IdFields {
  readonly userField: string
  readonly itemField: string
  readonly knowledge: KnowledgeFields | undefined
}

function aliasesOf(
  settings: RecBoleSettings,
  { userField, itemField, knowledge }: IdFields,
): readonly Alias[] {
  const alias = (name: Alias['name'], own: readonly string[]): Alias => ({
    name,
    fields: [...new Set([...own, ...settings.optionalTexts(`alias_of_${name}`)])],
  })
  return [
    ...(knowledge
      ? [alias('entity_id', [knowledge.head, knowledge.tail]), alias('relation_id', [knowledge.relation])]
      : []),
    alias('user_id', [userField]),
    alias('item_id', [itemField]),
  ]
}
