interface Target {
  write(line: string): unknown
}

/** A stream that takes the log's JSON lines and writes `12:00:00.000 INFO  message key=value` to another. */
export function createTextStream(target: Target): Target {
  return { write: (line) => target.write(toText(JSON.parse(line))) }
}

function toText({ time, level, msg, cause, ...fields }: Record<string, unknown>): string {
  const clock = String(time).slice('2026-01-01T'.length, -1)
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(value)}`)
  const head = `${clock} ${String(level).toUpperCase().padEnd(5)} ${printable(String(msg))}`
  const stack = cause === undefined ? '' : `\n${indented(printable(String(cause)))}`
  return `${head}${pairs.join('')}${stack}\n`
}

/** Plain words as they are, all else as JSON, which also keeps a line one line. */
function quoted(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@{}*+-]+$/.test(value)
    ? value
    : printable(JSON.stringify(value))
}

/** Names come from files and clients: none may move the cursor, colour the screen or end the line early. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => (c === '\n' ? c : '\ufffd'))
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ')
}
