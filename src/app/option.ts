/** The types an option can have: for each, what its value is in TypeScript and how it is read from text and from a config file. */
import { RecserveError } from '../core/errors.js'

export type OptionType =
  | {
      readonly type: 'integer'
      readonly min: number
      readonly max: number
      readonly default?: number
    }
  | { readonly type: 'boolean'; readonly default?: boolean }
  | { readonly type: 'string'; readonly default?: string }
  | { readonly type: 'one-of'; readonly values: readonly string[]; readonly default: string }
  /** Comma separated in text, a list in a config file. */
  | { readonly type: 'list' }
  /** A repeatable flag, comma separated in the environment, a mapping in a config file; `keys`: the only ones allowed. */
  | { readonly type: 'pairs'; readonly keys?: readonly string[]; readonly placeholder: string }

/** The TypeScript type of an option's value; undefined is in it where the option has no default. */
export type ValueOf<Spec> = Spec extends { type: 'integer' }
  ? number | Missing<Spec>
  : Spec extends { type: 'boolean' }
    ? boolean | Missing<Spec>
    : Spec extends { type: 'one-of'; values: readonly (infer Value)[] }
      ? Value
      : Spec extends { type: 'pairs' }
        ? ReadonlyMap<Spec extends { keys: readonly (infer Key)[] } ? Key : string, string>
        : Spec extends { type: 'list' }
          ? readonly string[] | undefined
          : string | Missing<Spec>

type Missing<Spec> = Spec extends { default: unknown } ? never : undefined

export type OptionValue = number | boolean | string | readonly string[] | ReadonlyMap<string, string>

/** What an option is when nobody gives it. */
export function defaultOf(spec: OptionType): OptionValue | undefined {
  if (spec.type === 'pairs') return new Map()
  return spec.type === 'list' ? undefined : spec.default
}

/** The value of an option as flags or the environment give it; several texts come from a repeated flag. @throws as `checkOption`. */
export function parseOption(spec: OptionType, texts: readonly string[], where: string): OptionValue {
  return checkOption(spec, fromText(spec, texts), where)
}

/**
 * The value of an option as a config file gives it.
 * @throws RecserveError `invalid_argument` that names `where`, what is expected and what was found.
 */
export function checkOption(spec: OptionType, value: unknown, where: string): OptionValue {
  const checked = toValue(spec, value)
  if (checked !== undefined) return checked
  throw new RecserveError(
    'invalid_argument',
    `${where}: expected ${expectation(spec)}, found ${shown(value)}`,
  )
}

/** Text as the plain value a config file would hold; text that does not fit stays text and is refused by the check. */
function fromText(spec: OptionType, texts: readonly string[]): unknown {
  const text = texts.at(-1) ?? ''
  switch (spec.type) {
    case 'integer':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      if (text === 'true' || text === '1') return true
      return text === 'false' || text === '0' ? false : text
    case 'list':
      return text === '' ? [] : text.split(',').map((part) => part.trim())
    case 'pairs':
      return fromPairs(texts) ?? texts.join(',')
    default:
      return text
  }
}

/** Undefined where a text is not KEY=VALUE or a key comes twice. */
function fromPairs(texts: readonly string[]): Record<string, string> | undefined {
  const entries = texts.map((text) => /^([^=]+)=(.+)$/s.exec(text.trim())?.slice(1) ?? [])
  const keys = new Set(entries.map(([key]) => key))
  if (keys.has(undefined) || keys.size < entries.length) return undefined
  return Object.fromEntries(entries)
}

/** Undefined where the value does not fit. */
function toValue(spec: OptionType, value: unknown): OptionValue | undefined {
  switch (spec.type) {
    case 'integer': {
      const isOne = typeof value === 'number' && Number.isInteger(value)
      return isOne && value >= spec.min && value <= spec.max ? value : undefined
    }
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'string':
      return toText(value)
    case 'one-of':
      return spec.values.find((known) => known === value)
    case 'list':
      return Array.isArray(value) ? allTexts(value) : undefined
    case 'pairs':
      return toMap(value, spec.keys)
  }
}

function toMap(value: unknown, keys: readonly string[] | undefined): ReadonlyMap<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const names = Object.keys(value)
  const texts = allTexts(Object.values(value))
  if (!texts || names.some((name) => keys && !keys.includes(name))) return undefined
  return new Map(names.map((name, i) => [name, texts[i]!]))
}

function allTexts(values: readonly unknown[]): readonly string[] | undefined {
  const texts = values.map(toText).filter((text) => text !== undefined)
  return texts.length === values.length ? texts : undefined
}

/** YAML reads an unquoted `42` as a number, and ids are often that; beyond 2^53 it is no longer what was written. */
function toText(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : typeof value === 'string' ? value : undefined
}

/** What would do, in words. */
export function expectation(spec: OptionType): string {
  switch (spec.type) {
    case 'integer':
      return `an integer from ${spec.min} to ${spec.max}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'text'
    case 'one-of':
      return `one of ${spec.values.join(', ')}`
    case 'list':
      return 'texts, comma separated or as a list'
    case 'pairs': {
      const key = spec.placeholder.split('=')[0]
      return `${spec.placeholder}, each ${key} once${spec.keys ? ` (${key}: ${spec.keys.join(', ')})` : ''}`
    }
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : `{${Object.keys(value).join(', ')}}`
  return typeof value === 'string' ? `'${value.slice(0, 100)}'` : String(value)
}
