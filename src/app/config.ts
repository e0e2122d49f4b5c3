/** Makes the options of one command from flags, environment and config file: the first of these that gives an option wins. */
import { RecserveError } from '../core/errors.js'
import { nearest } from '../core/nearest.js'
import { readConfigFile } from './config-file.js'
import { checkOption, defaultOf, type OptionValue, parseOption } from './option.js'
import {
  type CommandName,
  environmentName,
  flagOf,
  isOptionName,
  type OptionName,
  type OptionSpec,
  type OptionsOf,
  optionNames,
  optionsOf,
  propertyName,
  specOf,
} from './options.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Flags as the command line gives them, by the flag's property name: text, texts of a repeated flag, or a boolean. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>

interface Sources {
  readonly flags: Flags
  readonly env: Environment
  readonly file: { readonly path: string; readonly entries: ReadonlyMap<string, unknown> }
}

const noFile = { path: '', entries: new Map<string, unknown>() }

/**
 * Options of other commands may stand in the environment and the config file, which several commands share; they are left alone.
 * @throws RecserveError `invalid_argument` that says where an option is unknown or does not fit, and what was probably meant.
 */
export async function readOptions<Name extends CommandName>(
  command: Name,
  { flags, env }: Omit<Sources, 'file'>,
): Promise<OptionsOf<Name>> {
  refuseUnknownVariables(env)
  const path = readOption('config', { flags, env, file: noFile })
  const file = typeof path === 'string' ? { path, entries: await readConfigFile(path) } : noFile
  refuseUnknownKeys(file)
  const sources = { flags, env, file }
  const values = optionsOf(command).map((name) => [propertyName(name), readOption(name, sources)] as const)
  return Object.fromEntries(values) as OptionsOf<Name>
}

function readOption(name: OptionName, { flags, env, file }: Sources): OptionValue | undefined {
  const spec = specOf(name)
  const flag = flags[propertyName(flagOf(name))]
  if (typeof flag === 'boolean') return flag
  if (flag !== undefined) return parseOption(spec, [flag].flat(), `--${flagOf(name)}`)
  const variable = env[environmentName(name)]
  // `docker run -e NAME=` and compose files set a variable to nothing where they mean to leave it out.
  if (variable) {
    const texts = spec.type === 'pairs' ? variable.split(',') : [variable]
    return parseOption(spec, texts, `environment variable ${environmentName(name)}`)
  }
  if (file.entries.has(name)) return checkOption(spec, file.entries.get(name), `${file.path}: ${name}`)
  return readForeign(spec, { flags, env, file }) ?? defaultOf(spec)
}

/** What a variable says that was set for others, where no option says better. */
function readForeign(spec: OptionSpec, sources: Sources): OptionValue | undefined {
  const { variables = [], unless = [] } = spec.foreign ?? {}
  const variable = variables.find((name) => sources.env[name])
  const decides = (name: string) => isOptionName(name) && readOption(name, sources) !== undefined
  if (variable === undefined || unless.some(decides)) return undefined
  return parseOption(spec, [sources.env[variable]!], `environment variable ${variable}`)
}

/** What Kubernetes sets in every pod beside a Service named `recserve` (Docker's links, too): no doing of the operator's. */
const serviceVariable = /^RECSERVE_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$/
const serviceAddress = /^(tcp|udp|sctp):\/\//

function refuseUnknownVariables(env: Environment): void {
  const known = new Map(optionNames.map((name) => [environmentName(name), name]))
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('RECSERVE_') || known.has(variable) || serviceVariable.test(variable)) continue
    if (variable === 'RECSERVE_PORT' && serviceAddress.test(value ?? '')) continue
    const name = variable.slice('RECSERVE_'.length)
    throw new RecserveError(
      'invalid_argument',
      `unknown environment variable ${variable} (${suggestion(name, optionNames, environmentName) ?? seeDocs})`,
    )
  }
}

function refuseUnknownKeys({ path, entries }: Sources['file']): void {
  for (const key of entries.keys()) {
    if (key === 'config') {
      throw new RecserveError('invalid_argument', `${path}: a config file cannot name another one ('config')`)
    }
    if (isOptionName(key)) continue
    throw new RecserveError(
      'invalid_argument',
      `${path}: unknown option '${key}' (${suggestion(key, optionNames, (name) => name) ?? seeDocs})`,
    )
  }
}

const seeDocs = 'recserve help COMMAND lists all there are'

/** `did you mean --http-port?`: the option of which a mistyped name is the last part, or else the most like it. */
export function suggestion(
  mistyped: string,
  known: readonly OptionName[],
  spell: (name: OptionName) => string,
): string | undefined {
  const word = mistyped.toLowerCase().replaceAll('_', '-')
  const best = known.find((name) => name.endsWith(`-${word}`)) ?? nearest(word, known, 1).find(isOptionName)
  return best && `did you mean ${spell(best)}?`
}
