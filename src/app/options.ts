/** What the table of options says, by name: values, flags, environment names. */
import type { ValueOf } from './option.js'
import { type CommandName, type OptionSpec, options } from './option-table.js'

export { type CommandName, type OptionSpec, options }

export type OptionName = keyof typeof options

export const optionNames = Object.keys(options) as readonly OptionName[]

export const isOptionName = (name: string): name is OptionName => Object.hasOwn(options, name)

/** `'http-port'` as `httpPort`. */
type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

type Values = { readonly [Key in OptionName as CamelCase<Key>]: ValueOf<(typeof options)[Key]> }

type PropertyOf<Name extends CommandName> = {
  [Key in OptionName]: [Name] extends [(typeof options)[Key]['commands'][number]] ? CamelCase<Key> : never
}[OptionName]

/** The parsed options of a command, e.g. `OptionsOf<'serve'>['httpPort']` is a number; of several: what they share. */
export type OptionsOf<Name extends CommandName> = Pick<Values, PropertyOf<Name>>

export const specOf = (name: OptionName): OptionSpec => options[name]

export const optionsOf = (command: CommandName): readonly OptionName[] =>
  optionNames.filter((name) => specOf(name).commands.includes(command))

/** The option's flag, without its dashes. */
export const flagOf = (name: OptionName): string => specOf(name).flag ?? name

/** `http-port` as `httpPort`: its name among parsed options. */
export const propertyName = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

/** `http-port` as `RECSERVE_HTTP_PORT`. */
export const environmentName = (name: string): string => `RECSERVE_${name.toUpperCase().replaceAll('-', '_')}`

/** What stands for an option's value in help; undefined for a boolean, which takes none. */
export function placeholderOf(spec: OptionSpec): string | undefined {
  if (spec.placeholder) return spec.placeholder
  if (spec.type === 'boolean') return undefined
  return spec.type === 'one-of' ? spec.values.join('|') : spec.type === 'string' ? 'TEXT' : 'N'
}
