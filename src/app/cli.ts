/** The shell around the commands: arguments become one command's run, and what goes wrong becomes a line and an exit code. */
import { createRequire } from 'node:module'
import { CommanderError, Option, Command as Program } from 'commander'
import { RecserveError } from '../core/errors.js'
import type { Command, Io } from './commands/command.js'
import { commands } from './commands/index.js'
import { type Flags, readOptions, suggestion } from './config.js'
import { defaultOf, expectation } from './option.js'
import {
  type CommandName,
  environmentName,
  flagOf,
  type OptionName,
  optionsOf,
  placeholderOf,
  specOf,
} from './options.js'
import { isTensorflowServingFlag } from './tensorflow-serving-flags.js'

/** 0: done, 1: failed, 2: called the wrong way. */
export type ExitCode = number

/** Runs the command that `args` (without node and script) name; never throws. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  const outcome = { code: 0, withStack: false }
  const program = createProgram(io, async (command, operands, flags) => {
    const options = await readOptions(command.name, { flags, env: io.env })
    outcome.withStack = options.logLevel === 'debug' || options.logLevel === 'trace'
    outcome.code = await command.run(operands, options, io)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return outcome.code
  } catch (thrown) {
    return report(thrown, io, outcome.withStack)
  }
}

type Action = (command: Command, operands: readonly string[], flags: Flags) => Promise<void>

function createProgram(io: Io, action: Action): Program {
  const program = new Program('recserve')
    .description('A server for trained recommender models.')
    .version(packageVersion(), '--version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [COMMAND]', "Print a command's help")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Errors are thrown, too, and reported in one place.
      outputError: () => {},
    })
  for (const command of commands) addCommand(program, command, action)
  return program
}

function addCommand(program: Program, command: Command, action: Action): void {
  const sub = program.command(command.name).summary(command.summary).description(`${command.summary}.`)
  for (const { form, help } of command.arguments) sub.argument(form, help)
  for (const name of optionsOf(command.name)) for (const option of toOptions(name)) sub.addOption(option)
  sub.showSuggestionAfterError(false).exitOverride((error) => {
    throw error.code === 'commander.unknownOption' ? toUnknownOption(error, command.name) : error
  })
  sub.addHelpText('after', () => moreHelp(command))
  sub.action(() => action(command, sub.args, sub.opts()))
}

/** With our own suggestion, which knows that `--port` is more likely meant to be `--http-port` than `--host`. */
function toUnknownOption({ message }: CommanderError, command: CommandName): RecserveError {
  const flag = /'(--?[^'=]*)/.exec(message)?.[1] ?? ''
  const isTheirs = command === 'serve' && isTensorflowServingFlag(flag.slice(2))
  const about = isTheirs ? ': TensorFlow Serving has it, recserve does not yet' : ''
  const hint = suggestion(flag.replace(/^-+(no-)?/, ''), optionsOf(command), (name) => `--${flagOf(name)}`)
  const help = `recserve ${command} --help lists all there are`
  return new RecserveError('invalid_argument', `unknown option '${flag}'${about} (${hint ?? help})`)
}

/** No default is told to commander: it must stay visible which flags were really given. */
function toOptions(name: OptionName): readonly Option[] {
  const spec = specOf(name)
  if (spec.type === 'boolean') {
    // Both can be given, so that a flag can also take back what the environment or a config file says.
    const on = new Option(`--${flagOf(name)}`, spec.help).hideHelp(spec.default === true)
    return [on, new Option(`--no-${flagOf(name)}`, spec.help).hideHelp(!spec.default)]
  }
  const short = spec.short ? `-${spec.short}, ` : ''
  const option = new Option(`${short}--${flagOf(name)} <${placeholderOf(spec)}>`, helpOf(name))
  if (spec.type !== 'pairs') return [option]
  return [option.argParser((text: string, before: readonly string[] = []) => [...before, text])]
}

function helpOf(name: OptionName): string {
  const spec = specOf(name)
  const value = defaultOf(spec)
  const notes = [
    // Where the placeholder does not list them already.
    ...(spec.type === 'one-of' && spec.placeholder ? [expectation(spec)] : []),
    ...(typeof value === 'string' || typeof value === 'number' ? [`default ${value}`] : []),
  ]
  return notes.length > 0 ? `${spec.help} (${notes.join('; ')})` : spec.help
}

function moreHelp({ examples }: Command): string {
  const lines = examples.flatMap(({ command, what }) => [`  # ${what}`, `  ${command}`, ''])
  const example = environmentName('log-level')
  return `\nExamples:\n${lines.join('\n')}\nEvery option can also be set by an environment variable (${example}=debug) or in a config file.`
}

/** Says what went wrong; unknown errors show their message, too: here the operator is the reader, not a client. */
function report(thrown: unknown, io: Io, withStack: boolean): ExitCode {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0
    // Without a command, the help has been printed already.
    if (thrown.code !== 'commander.help') io.stderr.write(`recserve: ${tidy(thrown.message)}\n`)
    return 2
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  io.stderr.write(`recserve: ${message}\n`)
  if (withStack) for (const stack of stacks(thrown)) io.stderr.write(`${stack}\n`)
  return thrown instanceof RecserveError && thrown.code === 'invalid_argument' ? 2 : 1
}

/** commander's `error: unknown option '--x'\n(Did you mean --y?)` as the end of one line. */
function tidy(message: string): string {
  return message.replace(/^error: /, '').replace(/\n\(Did/, ' (did')
}

function stacks(thrown: unknown): readonly string[] {
  return thrown instanceof Error ? [thrown.stack ?? thrown.message, ...stacks(thrown.cause)] : []
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('recserve/package.json') as { version: string }
  return version
}
