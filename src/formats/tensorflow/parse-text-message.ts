/** Protobuf's text form to plain data, by the same tables as the binary form (protobuf.dev/reference/protobuf/textformat-spec). */
import { maxDepth } from './decode-message.js'
import {
  createDraft,
  type Draft,
  emptyValue,
  type Field,
  type FieldType,
  type MessageType,
  put,
  putEntry,
} from './message-type.js'
import { readTextScalar } from './text-scalars.js'
import { TextTokens } from './text-tokens.js'

/**
 * A field that the table does not know is skipped.
 *
 * @param name the file's base name, for messages
 * @throws RecserveError `data_loss` that names the file and the line
 */
export function parseTextMessage<T>(type: MessageType<T>, bytes: Uint8Array, name: string): T {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const tokens = new TextTokens(text, name)
  const draft = createDraft(type)
  readFields(tokens, type, draft, 0)
  if (tokens.token.kind !== 'end') tokens.fail(`${tokens.shown} stands where a field should begin`)
  return draft as T
}

/** Fields up to what is no field: the end of the message or of the file. */
function readFields(tokens: TextTokens, type: MessageType<unknown>, draft: Draft, depth: number): void {
  checkDepth(tokens, depth)
  for (;;) {
    const { kind, text } = tokens.token
    if (tokens.isAt('[')) {
      // The name of an extension, or the type of an Any.
      skipUpTo(tokens, ']')
      skipValue(tokens, depth)
    } else if (kind === 'word') {
      tokens.next()
      const field = type.byProtoName.get(text)
      if (field) readField(tokens, type, field, draft, depth)
      else skipValue(tokens, depth)
    } else return
    if (!tokens.accept(',')) tokens.accept(';')
  }
}

function readField(
  tokens: TextTokens,
  type: MessageType<unknown>,
  field: Field,
  draft: Draft,
  depth: number,
): void {
  const hasColon = tokens.accept(':')
  if (typeof field.type === 'string' && field.label !== 'map' && !hasColon) {
    tokens.fail(`'${field.protoName}' has no value`)
  }
  const readOne = (): void => {
    if (field.label === 'map') readEntry(tokens, field, draft, depth)
    else put(draft, type, field, readValue(tokens, field.type, depth))
  }
  if ((field.label !== 'many' && field.label !== 'map') || !tokens.accept('[')) readOne()
  else if (!tokens.accept(']')) {
    do readOne()
    while (tokens.accept(','))
    if (!tokens.accept(']')) tokens.fail(`the list '${field.protoName}' has no end`)
  }
}

function readValue(tokens: TextTokens, type: FieldType, depth: number): unknown {
  if (typeof type === 'string') return readTextScalar(tokens, type)
  const inner = type()
  const value = createDraft(inner)
  within(tokens, () => readFields(tokens, inner, value, depth + 1))
  return value
}

function readEntry(tokens: TextTokens, field: Field, draft: Draft, depth: number): void {
  let key = ''
  let value: unknown
  within(tokens, () => {
    while (tokens.token.kind === 'word') {
      const name = tokens.next().text
      const hasColon = tokens.accept(':')
      if (name === 'key' && hasColon) key = readTextScalar(tokens, 'string') as string
      else if (name === 'value') value = readValue(tokens, field.type, depth + 1)
      else tokens.fail(`an entry of '${field.protoName}' has a field '${name.slice(0, 40)}'`)
      if (!tokens.accept(',')) tokens.accept(';')
    }
  })
  putEntry(draft, field, key, value ?? emptyValue(field.type))
}

function within(tokens: TextTokens, read: () => void): void {
  const isAngle = tokens.isAt('<')
  if (!tokens.accept(isAngle ? '<' : '{')) tokens.fail(`${tokens.shown} stands where a message should begin`)
  read()
  if (!tokens.accept(isAngle ? '>' : '}')) tokens.fail(`${tokens.shown} stands where a field should begin`)
}

/** Skips `: value`, `{ ... }` or `: [ ... ]`. */
function skipValue(tokens: TextTokens, depth: number): void {
  checkDepth(tokens, depth)
  tokens.accept(':')
  if (tokens.isAt('{') || tokens.isAt('<')) {
    within(tokens, () => {
      while (tokens.token.kind === 'word' || tokens.isAt('[')) {
        if (tokens.isAt('[')) skipUpTo(tokens, ']')
        else tokens.next()
        skipValue(tokens, depth + 1)
        if (!tokens.accept(',')) tokens.accept(';')
      }
    })
  } else if (tokens.accept('[')) {
    while (!tokens.accept(']')) {
      skipValue(tokens, depth + 1)
      tokens.accept(',')
    }
  } else skipScalar(tokens)
}

function skipScalar(tokens: TextTokens): void {
  tokens.accept('-')
  const { kind } = tokens.token
  if (kind !== 'string' && kind !== 'word') tokens.fail(`${tokens.shown} stands where a value should be`)
  tokens.next()
  if (kind === 'string') while (tokens.token.kind === 'string') tokens.next()
}

function skipUpTo(tokens: TextTokens, sign: string): void {
  while (!tokens.accept(sign)) {
    if (tokens.next().kind === 'end') tokens.fail(`a '${sign}' is missing`)
  }
}

function checkDepth(tokens: TextTokens, depth: number): void {
  if (depth > maxDepth) tokens.fail(`messages lie more than ${maxDepth} deep in each other`)
}
