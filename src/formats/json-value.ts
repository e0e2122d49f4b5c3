/** Small files of metadata, as plain values. */
import { quoted } from './json-cursor.js'
import { type JsonScanner, scanFile } from './json-scanner.js'

/** Deeper metadata would be an attack on whoever walks through it. */
const maxDepth = 64

/**
 * Reads any JSON value from a file of at most `maxBytes`. Unlike `JSON.parse` it refuses a key that occurs twice.
 *
 * @throws RecserveError as the other readers do; `failed_precondition` also for a larger file or over 64 levels
 */
export function readSmallJson(path: string, maxBytes = 1024 * 1024): Promise<unknown> {
  return scanFile(path, {}, async (scanner) => {
    const { size } = scanner.file
    if (size > maxBytes) scanner.fail(`has ${size} bytes, expected at most ${maxBytes}`)
    return takeValue(scanner, maxDepth)
  })
}

function takeValue(scanner: JsonScanner, depth: number): unknown {
  if (depth === 0) scanner.fail(`found over ${maxDepth} levels of arrays and objects`)
  const kind = scanner.peek()
  if (kind === 'object') return takeObject(scanner, depth)
  if (kind === 'array') return takeArray(scanner, depth)
  if (kind === 'string') return scanner.string()
  return kind === 'number' ? scanner.number() : scanner.word()
}

function takeObject(scanner: JsonScanner, depth: number): object {
  const members = new Map<string, unknown>()
  scanner.beginObject()
  for (let key = scanner.nextKey(); key !== undefined; key = scanner.nextKey()) {
    if (members.has(key)) scanner.fail(`key ${quoted(key)} occurs twice`)
    members.set(key, takeValue(scanner, depth - 1))
  }
  // Unlike assignment, fromEntries makes an own property of `__proto__`.
  return Object.fromEntries(members)
}

function takeArray(scanner: JsonScanner, depth: number): unknown[] {
  const elements: unknown[] = []
  scanner.beginArray()
  while (scanner.nextElement()) elements.push(takeValue(scanner, depth - 1))
  return elements
}
