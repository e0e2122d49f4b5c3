/** Answers of the status and metadata routes, laid out as protobuf's JSON printer does: 1 space, 64-bit integers as text. */
import type { SignatureSpec, TensorSpec } from '../../core/signature.js'
import type { Service, SignaturesResponse } from '../../service/service.js'

type Status = ReturnType<Service['models']>[number]

/** Versions of one model, the highest first. */
export function statusBody(statuses: readonly Status[]): string {
  const sorted = statuses.toSorted((a, b) => b.servable.version - a.servable.version)
  const list = sorted.map(({ servable, state, error }) => ({
    version: String(servable.version),
    state: state.toUpperCase(),
    status: { error_code: error ? error.code.toUpperCase() : 'OK', error_message: error?.message ?? '' },
  }))
  return `${print({ model_version_status: list })}\n`
}

/** The original puts two printed messages together by hand. */
export function metadataBody({ servable, signatures }: SignaturesResponse): string {
  const spec = { name: servable.model, signature_name: '', version: String(servable.version) }
  const sorted = signatures.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const map = Object.fromEntries(sorted.map((signature) => [signature.name, signatureOf(signature)]))
  return `{\n"model_spec":${print(spec)}\n,\n"metadata": {"signature_def": ${print({ signature_def: map })}\n}\n}\n`
}

function signatureOf({ inputs, outputs, methodName }: SignatureSpec) {
  return { inputs: tensorsOf(inputs), outputs: tensorsOf(outputs), method_name: methodName, defaults: {} }
}

function tensorsOf(tensors: ReadonlyMap<string, TensorSpec>) {
  return Object.fromEntries([...tensors].map(([alias, spec]) => [alias, tensorOf(spec)]))
}

function tensorOf({ name, dtype, shape }: TensorSpec) {
  const dim = (shape ?? []).map((size) => ({ size: String(size), name: '' }))
  return { dtype: enumName(dtype), tensor_shape: { dim, unknown_rank: shape === undefined }, name }
}

/** Names of types.proto's DataType that are not the dtype's own in capitals. */
const enumNames: Readonly<Record<string, string>> = {
  float32: 'DT_FLOAT',
  float64: 'DT_DOUBLE',
  float16: 'DT_HALF',
}

/** Name of a dtype in types.proto. */
export const enumName = (dtype: string): string => enumNames[dtype] ?? `DT_${dtype.toUpperCase()}`

const print = (message: object): string => JSON.stringify(message, null, 1)
