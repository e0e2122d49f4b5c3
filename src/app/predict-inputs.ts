/** What `predict --inputs` may hold, as tensors: JSON as TensorFlow Serving takes it, or NumPy's .npz. */
import { RecserveError } from '../core/errors.js'
import type { SignatureSpec } from '../core/signature.js'
import { readFileBytes } from '../formats/file-bytes.js'
import { readNpz } from '../formats/npz.js'
import { ByteWriter } from '../formats/tensorflow-json/byte-writer.js'
import { JsonText } from '../formats/tensorflow-json/json-text.js'
import {
  type DecodedInputs,
  enterRoot,
  PredictRequestBody,
} from '../formats/tensorflow-json/predict-request.js'

export interface PredictInputs {
  /** The signature that the inputs themselves name. */
  readonly signatureName: string | undefined
  /** @throws RecserveError `invalid_argument` where they are not for the signature */
  decode(signature: SignatureSpec): DecodedInputs
}

/** What one request may hold; the same file would not fit into a server's request either. */
const maxBytes = 2 ** 30

/**
 * @param text JSON, `@file.json` or `@file.npz`
 * @throws RecserveError where the file cannot be read or the text is no JSON object
 */
export async function readPredictInputs(text: string): Promise<PredictInputs> {
  if (!text.startsWith('@')) return fromJson(Buffer.from(text))
  const path = text.slice(1)
  if (!path.endsWith('.npz')) return fromJson((await readFileBytes(path, { maxBytes })).bytes)
  const inputs = await readNpz(path, { maxBytes })
  return { signatureName: undefined, decode: () => ({ format: 'columnar', inputs }) }
}

function fromJson(bytes: Uint8Array): PredictInputs {
  const body = new PredictRequestBody(isBare(bytes) ? wrapped(bytes) : bytes)
  body.check()
  const { signatureName } = body
  return { signatureName, decode: (signature) => body.decode(typesOf(signature)) }
}

const typesOf = ({ inputs }: SignatureSpec): ReadonlyMap<string, string> =>
  new Map([...inputs].map(([name, { dtype }]) => [name, dtype]))

const requestKeys = ['inputs', 'instances', 'signature_name']

/** Whether the text is the inputs by name, without the request around them. */
function isBare(bytes: Uint8Array): boolean {
  if (bytes.length === 0) throw new RecserveError('invalid_argument', 'the inputs are empty')
  const text = new JsonText(bytes)
  text.at = enterRoot(text)
  const key = new ByteWriter()
  for (let goesOn = text.enter(); goesOn; goesOn = text.nextMember()) {
    key.length = 0
    text.takeKey(key)
    if (requestKeys.includes(key.take().toString())) return false
    text.peek()
    text.skipValue()
  }
  return true
}

const wrapped = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('{"inputs":'), bytes, Buffer.from('}')])
