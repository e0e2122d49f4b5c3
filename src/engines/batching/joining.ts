/** Which requests may share a run, and how their tensors become one request and its answer theirs. */
import type { SignatureSpec, TensorSpec } from '../../core/signature.js'
import type { AnyTensor, NamedAnyTensors } from '../../tensor/any-tensor.js'
import type { SignatureRun } from '../engine.js'
import { joinRows, splitRows } from './rows.js'

/** Whether requests of the signature may be joined at all. */
export const mayJoin = ({ rowWise, writes }: SignatureSpec): boolean => rowWise === true && writes !== true

/**
 * Requests of the same key can be joined; undefined for one that has to be run alone. That the signature is row-wise has been
 * shown for inputs as it declares them: a request with others, or without some of them, keeps to itself.
 */
export function joiningKey(
  spec: SignatureSpec | undefined,
  { inputs, outputs }: SignatureRun,
): string | undefined {
  if (!spec || !mayJoin(spec)) return undefined
  // That the signature is row-wise has been shown for its declared outputs.
  if (outputs?.some((alias) => spec.derived?.includes(alias))) return undefined
  if (declaredRows(spec.inputs, inputs) === undefined) return undefined
  const shapes = [...spec.inputs.keys()].map((alias) => inputs[alias]!.shape.slice(1).join())
  return JSON.stringify([spec.name, shapes, outputs])
}

/** How many rows inputs have that are all there, each as it is declared; undefined where they are not, or have none. */
export function declaredRows(
  declared: ReadonlyMap<string, Pick<TensorSpec, 'dtype' | 'shape'>>,
  inputs: NamedAnyTensors,
): number | undefined {
  const tensors = Object.values(inputs)
  const rows = tensors[0]?.shape[0]
  if (rows === undefined || rows === 0 || tensors.length !== declared.size) return undefined
  for (const [alias, spec] of declared) {
    const tensor = Object.hasOwn(inputs, alias) ? inputs[alias] : undefined
    if (!tensor || tensor.shape[0] !== rows || !isDeclared(tensor, spec)) return undefined
  }
  return rows
}

function isDeclared({ dtype, shape }: AnyTensor, declared: Pick<TensorSpec, 'dtype' | 'shape'>): boolean {
  if (dtype !== declared.dtype || shape.length !== declared.shape?.length) return false
  return declared.shape.every((size, d) => size < 0 || size === shape[d])
}

/** How many rows a request has that has a key. */
export function rowsOf({ inputs }: SignatureRun): number {
  return Object.values(inputs)[0]?.shape[0] ?? 0
}

/** @param requests with one key; at least one */
export function join(requests: readonly SignatureRun[]): SignatureRun {
  const first = requests[0]!
  const inputs = Object.keys(first.inputs).map((alias) => [
    alias,
    joinRows(requests.map((request) => request.inputs[alias]!)),
  ])
  return { ...first, inputs: Object.fromEntries(inputs) }
}

/** The answer of each, by how many rows each had; undefined where an output has not a row for every row asked. */
export function split(
  outputs: NamedAnyTensors,
  counts: readonly number[],
): readonly NamedAnyTensors[] | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const entries = Object.entries(outputs)
  if (entries.some(([, { shape }]) => shape[0] !== total)) return undefined
  const parts = entries.map(([alias, tensor]) => [alias, splitRows(tensor, counts)] as const)
  return counts.map((_, i) => Object.fromEntries(parts.map(([alias, tensors]) => [alias, tensors[i]!])))
}
