/**
 * The body of a TensorFlow Serving predict request (json_tensor.cc, FillPredictRequestFromJson). Large bodies are walked
 * once: the walk pauses where the tensors begin, as only the signature, which is named in the body, tells their dtypes.
 *
 * Refusals are RecserveErrors in the original's words and in its order: faults of the text anywhere, then the signature's
 * name, then (by the caller) model and signature, then what the tensors hold.
 */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { ByteWriter } from './byte-writer.js'
import { readColumns } from './columns.js'
import { debugText, shortened } from './debug-text.js'
import { closeBrace, JsonText, openBrace } from './json-text.js'
import { readRows } from './rows.js'

/** Dtypes (`tf.DType.name`) by input name. */
export type InputTypes = ReadonlyMap<string, string>

export interface DecodedInputs {
  /** How the answer must be laid out. */
  readonly format: 'row' | 'columnar'
  readonly inputs: ReadonlyMap<string, AnyTensor>
}

const signatureKey = 'signature_name'
type Member = typeof signatureKey | 'instances' | 'inputs'

export class PredictRequestBody {
  readonly #text: JsonText
  readonly #root: number
  /** Where the first value of each member begins: the first one of a name counts. */
  readonly #values = new Map<string, number>()
  /** Whether the rest of the text, from the tensors on, has not been looked at yet. */
  #isPaused = false

  /** @throws RecserveError where the text has a fault in the part walked so far */
  constructor(body: Uint8Array) {
    if (body.length === 0) {
      throw new RecserveError('invalid_argument', 'JSON Parse error: The document is empty')
    }
    this.#text = new JsonText(body)
    this.#root = enterRoot(this.#text)
    if (this.#text.enter()) this.#walkMembers(true)
  }

  /** The signature asked for; undefined for the default one. */
  get signatureName(): string | undefined {
    const at = this.#values.get(signatureKey)
    if (at === undefined || this.#isSignatureOdd()) return undefined
    const name = new ByteWriter()
    this.#text.at = at
    this.#text.takeString(name)
    return name.take().toString('utf8') || undefined
  }

  /** @throws RecserveError for what goes before any look at the model: faults of the text, a signature name that is no text */
  check(): void {
    if (this.#isPaused) {
      this.#text.at = this.#values.get('instances') ?? this.#values.get('inputs')!
      this.#text.skipValue()
      this.#resume()
    }
    if (!this.#isSignatureOdd()) return
    this.#refuse("not formatted correctly. 'signature_name' key must be a string value.")
  }

  /** The tensors for a signature's inputs. */
  decode(types: InputTypes): DecodedInputs {
    if (!this.#isPaused || this.#isSignatureOdd()) this.check()
    if (types.size === 0) {
      this.check()
      const name = shortened(this.signatureName ?? 'DEFAULT')
      throw new RecserveError('invalid_argument', `Failed to get input map for signature: ${name}`)
    }
    // While paused it is not known yet whether there are both: that is looked at once more at the end.
    this.#checkMembers()
    try {
      const decoded = this.#decodeValue(types)
      if (this.#isPaused) this.#resume()
      this.#checkMembers()
      return decoded
    } catch (error) {
      this.check()
      this.#checkMembers()
      throw error
    }
  }

  #isSignatureOdd(): boolean {
    const at = this.#values.get(signatureKey)
    if (at === undefined) return false
    this.#text.at = at
    return this.#text.peekType() !== 'String'
  }

  #decodeValue(types: InputTypes): DecodedInputs {
    const at = this.#values.get('instances')
    this.#text.at = at ?? this.#values.get('inputs')!
    if (at === undefined) return { format: 'columnar', inputs: readColumns(this.#text, types) }
    if (this.#text.peekType() !== 'Array') this.#refuse("Expecting 'instances' to be an list/array")
    const inputs = readRows(this.#text, types)
    if (!inputs) this.#refuse("No values in 'instances' array")
    return { format: 'row', inputs }
  }

  #checkMembers(): void {
    const hasInstances = this.#values.has('instances')
    const hasInputs = this.#values.has('inputs')
    if (hasInstances && hasInputs) {
      this.#refuse("Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
    }
    if (!hasInstances && !hasInputs) {
      throw new RecserveError('invalid_argument', "Missing 'inputs' or 'instances' key")
    }
  }

  #resume(): void {
    this.#isPaused = false
    if (this.#text.nextMember()) this.#walkMembers(false)
  }

  /** Walks from a member's key on, to the end or to where it may pause. */
  #walkMembers(mayPause: boolean): void {
    const text = this.#text
    const key = new ByteWriter(32)
    do {
      key.length = 0
      text.takeKey(key)
      text.peek()
      const name = memberOf(key)
      const isNew = name !== undefined && !this.#values.has(name)
      if (isNew) this.#values.set(name, text.at)
      if (mayPause && isNew && name !== signatureKey && this.#isSignatureKnown()) {
        this.#isPaused = true
        return
      }
      text.skipValue()
    } while (text.nextMember())
  }

  /** Whether no `signature_name` can come after the place reached; escapes could spell one in another way. */
  #isSignatureKnown(): boolean {
    const { bytes, at } = this.#text
    return this.#values.has(signatureKey) || (!bytes.includes(signatureKey, at) && !bytes.includes(0x5c, at))
  }

  /** Refuses the body as a whole. */
  #refuse(message: string): never {
    this.#text.at = this.#root
    throw new RecserveError('invalid_argument', `JSON Value: ${debugText(this.#text)} ${message}`)
  }
}

/** Steps to the root object. @throws RecserveError where the root is another value, or none */
export function enterRoot(text: JsonText): number {
  const byte = text.peek()
  // What cannot begin a value here is no value to rapidjson, but an empty document.
  if (byte === 0 || [...'],:'].some((other) => other.charCodeAt(0) === byte) || byte === closeBrace) {
    text.fail('The document is empty.')
  }
  const root = text.at
  if (byte === openBrace) return root
  text.skipValue()
  text.at = root
  throw new RecserveError('invalid_argument', `JSON Value: ${debugText(text)} Is not object`)
}

function memberOf(key: ByteWriter): Member | undefined {
  const name = key.take().toString('latin1')
  return name === signatureKey || name === 'instances' || name === 'inputs' ? name : undefined
}
