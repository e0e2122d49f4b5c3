/** What the command line can do: one Command per file, listed in `index.ts`. */
import type { CommandName, OptionsOf } from '../options.js'

/** Where a command writes; process.stdout and process.stderr are such. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
}

/** Everything of the process that a command may touch. */
export interface Io {
  /** For data, which another program may read. */
  readonly stdout: Output
  /** For what people read: progress, logs, errors. */
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Fires when the process is asked to stop. From the first call on, SIGINT and SIGTERM no longer end the process by themselves. */
  stopSignal(): AbortSignal
}

export interface Argument {
  /** `<PATH>` required, `[PATH]` optional, `<PATH...>` one or more. */
  readonly form: string
  readonly help: string
}

export interface Example {
  /** What is typed, without `npx`. */
  readonly command: string
  readonly what: string
}

/** Its options are those of the table (options.ts) that name it. */
export interface Command<Name extends CommandName = CommandName> {
  readonly name: Name
  /** One line for the list of commands. */
  readonly summary: string
  readonly arguments: readonly Argument[]
  readonly examples: readonly Example[]
  /**
   * Answers the exit code: 0 done, 1 failed (and has said why).
   * @throws RecserveError, whose message is then printed; `invalid_argument` is exit code 2, all others 1.
   */
  run(args: readonly string[], options: OptionsOf<Name>, io: Io): Promise<number>
}
