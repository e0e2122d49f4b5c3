import { RecserveError } from '../../core/errors.js'

/** `Non-zero status code returned while running Gather node. Name:'x' Status Message: indices element out of …` */
const nodeFailure = /while running (\w+) node\. Name:'([^']*)' Status Message: ([\s\S]*)/

const maxMessageLength = 300

/**
 * What a run threw. Dtypes and shapes were checked before, so what a node still refuses are values (an index out of
 * bounds, sizes that do not go together): the caller's. Anything else, memory above all, is ours.
 */
export function toRunError(thrown: unknown): RecserveError {
  const message = thrown instanceof Error ? thrown.message : ''
  const match = nodeFailure.exec(message)
  if (!match || /alloc|memory/i.test(message)) {
    return new RecserveError('internal', `the graph failed: ${withoutPaths(message)}`, { cause: thrown })
  }
  const [, op, name, status] = match
  const node = name ? `${op} '${name}'` : op
  return new RecserveError('invalid_argument', `node ${node} refuses its inputs: ${withoutPaths(status!)}`, {
    cause: thrown,
  })
}

/** One line, without the source files and C++ signatures that failed assertions of the runtime begin with. */
export function withoutPaths(message: string): string {
  const told = message.replace(/[\s\S]*? was false\. /g, '').replace(/\/\S+:\d+ /g, '')
  const line = told
    .replace(/\s+/g, ' ')
    .replace(/(?:\/[\w.@+-]+){2,}/g, '(path)')
    .trim()
  return line.length > maxMessageLength ? `${line.slice(0, maxMessageLength)}…` : line
}
