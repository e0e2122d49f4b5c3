/** The settings a RecBole model was trained with: its config's `final_config_dict`. */
import { RecserveError } from '../../core/errors.js'
import { PickleObject, type PickleValue } from '../../formats/pickle/value.js'
import type { Settings } from './architecture.js'

/** Settings of any type, where `Settings` knows the simple ones. */
export interface RecBoleSettings extends Settings {
  /** Undefined where it is missing or None, which RecBole treats alike. */
  value(name: string): PickleValue | undefined
  /** @throws RecserveError `data_loss` where it is there and no text */
  optionalText(name: string): string | undefined
  /** A list of texts; empty where there is none. */
  optionalTexts(name: string): readonly string[]
  /** A dict with texts as keys; undefined where there is none. */
  dictionary(name: string): ReadonlyMap<string, PickleValue> | undefined
}

export function createSettings(values: ReadonlyMap<PickleValue, PickleValue>): RecBoleSettings {
  const value = (name: string): PickleValue | undefined => values.get(name) ?? undefined

  function required<T>(name: string, expected: string, is: (found: PickleValue) => T | undefined): T {
    const found = value(name)
    const result = found === undefined ? undefined : is(found)
    if (result === undefined) throw wrongSetting(name, expected, found)
    return result
  }

  const optional = <T>(name: string, expected: string, is: (found: PickleValue) => T | undefined) =>
    value(name) === undefined ? undefined : required(name, expected, is)

  return {
    has: (name) => value(name) !== undefined,
    integer: (name) => required(name, 'an integer', asInteger),
    number: (name) => required(name, 'a number', asNumber),
    text: (name) => required(name, 'a text', asText),
    flag: (name) => required(name, 'true or false', asFlag),
    isTruthy: (name) => required(name, 'true, false or a number', asTruth),
    textOrNumber: (name) =>
      required(name, 'a text or a number', (found) => asText(found) ?? asNumber(found)?.toString()),
    texts: (name) => required(name, 'a list of texts', (found) => asList(found, asText)),
    numbers: (name) => required(name, 'a list of numbers', (found) => asList(found, asNumber)),
    value,
    optionalText: (name) => optional(name, 'a text', asText),
    optionalTexts: (name) => optional(name, 'a list of texts', (found) => asList(found, asText)) ?? [],
    dictionary: (name) => optional(name, 'a dict', asDictionary),
  }
}

function wrongSetting(name: string, expected: string, found: PickleValue | undefined): RecserveError {
  return new RecserveError(
    'data_loss',
    `the checkpoint's setting ${name} is ${found === undefined ? 'missing' : describe(found)}; expected ${expected}`,
  )
}

/** A value in a few words, for messages. */
export function describe(value: PickleValue): string {
  if (value === null || ['number', 'bigint', 'boolean'].includes(typeof value)) return String(value)
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Map) return `a dict of ${value.size}`
  return value instanceof PickleObject ? `a ${value.path}` : 'something else'
}

const asNumber = (value: PickleValue) => (typeof value === 'number' ? value : undefined)
const asInteger = (value: PickleValue) => (Number.isSafeInteger(value) ? (value as number) : undefined)
const asText = (value: PickleValue) => (typeof value === 'string' ? value : undefined)
const asFlag = (value: PickleValue) => (typeof value === 'boolean' ? value : undefined)
const asTruth = (value: PickleValue) => (typeof value === 'number' ? value !== 0 : asFlag(value))

function asList<T>(value: PickleValue, asElement: (element: PickleValue) => T | undefined) {
  if (!Array.isArray(value)) return undefined
  const elements = value.map(asElement)
  return elements.includes(undefined) ? undefined : (elements as T[])
}

function asDictionary(value: PickleValue): ReadonlyMap<string, PickleValue> | undefined {
  const isTextual = value instanceof Map && [...value.keys()].every((key) => typeof key === 'string')
  return isTextual ? (value as ReadonlyMap<string, PickleValue>) : undefined
}
