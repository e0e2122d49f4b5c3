/** What `inspect` finds out about model directories: each version is loaded once, as `serve` would, and let go. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { RecserveError } from '../core/errors.js'
import type { SignatureSpec, TensorSpec } from '../core/signature.js'
import { createOneOffEngine } from '../engines/one-off-engine.js'
import type { LoadedModel as LoadedGraphs } from '../engines/tensorflow/saved-model.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import type { Predictor } from '../models/predictor.js'
import type { ModelSummary } from '../models/recommender.js'
import {
  type GraphInspection,
  inspectSavedModel,
  type MissingOp,
  type SavedModelInspection,
} from './saved-model-inspection.js'
import { createServing, createSource } from './serving.js'

export interface Inspection {
  readonly model: string
  readonly version: number
  readonly kind: string | null
  readonly servable: boolean
  /** Why it cannot be served. */
  readonly reason?: string
  /** Absent where it cannot be served. */
  readonly summary?: ModelSummary
  /** Which files gave what the model itself does not hold, by what it is, e.g. `ids`. */
  readonly provenance?: Readonly<Record<string, string>>
  /** Of a model that can be asked for tensors, those that cannot be served last. */
  readonly signatures?: readonly SignatureInspection[]
  /** Of a SavedModel whose graph can be read. */
  readonly graph?: GraphInspection
  /** Things that someone who serves it should know. */
  readonly warnings?: readonly string[]
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
}

export interface SignatureInspection {
  readonly name: string
  readonly servable: boolean
  readonly reason?: string
  readonly missing?: readonly MissingOp[]
  readonly methodName: string
  readonly inputs: readonly TensorInspection[]
  readonly outputs: readonly TensorInspection[]
}

export interface TensorInspection {
  readonly name: string
  readonly dtype: string
  /** -1: any size; null: any rank. */
  readonly shape: readonly number[] | null
}

export interface InspectOptions {
  /** Of the meta graph to take from a SavedModel. */
  readonly tags?: readonly string[] | undefined
  /** Told of what is passed over on the way to the models. */
  readonly onWarning?: (message: string) => void
}

/** @throws RecserveError `not_found` where the path is missing or holds no model. */
export async function inspectPath(
  path: string,
  { tags = ['serve'], onWarning = () => {} }: InspectOptions = {},
): Promise<readonly Inspection[]> {
  const aspired = await createSource({ paths: [path], allVersions: true, onWarning }).aspiredVersions()
  if (aspired.length === 0) {
    throw new RecserveError(
      'not_found',
      `${path} holds no model that recserve knows: a LibRecommender folder has model_name.json and sim.json, or user_embed.json and item_embed.json, or features.json, or m_data_info.npz and m_hyper_parameters.json, whatever m is; a SavedModel has saved_model.pb; of several .onnx files one must be model.onnx; a RecBole checkpoint is a .pth file`,
    )
  }
  const inspections: Inspection[] = []
  for (const version of aspired) inspections.push(await inspectVersion(version, tags))
  return inspections
}

async function inspectVersion(version: AspiredVersion, tags: readonly string[]): Promise<Inspection> {
  let graphs: LoadedGraphs | undefined
  const engine = createOneOffEngine({
    onSavedModel: (model) => {
      graphs = model
    },
  })
  const told: string[] = []
  const serving = createServing({
    engine,
    index: 'exact',
    fallback: 'none',
    savedModelTags: tags,
    onEvent: () => {},
    onWarning: (_, message) => void told.push(message),
  })
  await serving.manager.apply([version])
  const error = serving.manager.statuses()[0]?.error
  const { summary, predictor, provenance } = serving.manager.available()[0]?.loaded ?? {}
  await serving.close()
  // What cannot be read is the reason above.
  const detail =
    version.kind === 'saved-model'
      ? await inspectSavedModel(version.directory, tags, graphs).catch(() => undefined)
      : undefined
  const signatures = signaturesOf(predictor, detail)
  const warnings = [
    ...warningsOf(signatures, detail),
    ...told.filter((warning) => !isOfSignature(warning, signatures)),
  ]
  return {
    ...version.servable,
    kind: version.kind ?? null,
    servable: error === undefined,
    ...(error && { reason: error.message }),
    ...(summary && { summary }),
    ...(provenance && { provenance }),
    ...(signatures.length > 0 && { signatures }),
    ...(detail && { graph: detail.graph }),
    ...(warnings.length > 0 && { warnings }),
    files: await filesBelow(version.directory),
  }
}

/** Why a signature is not served is told where the signature is. */
const isOfSignature = (warning: string, signatures: readonly SignatureInspection[]): boolean =>
  signatures.some(({ reason }) => reason !== undefined && warning.endsWith(reason))

function signaturesOf(
  predictor: Predictor | undefined,
  detail: SavedModelInspection | undefined,
): readonly SignatureInspection[] {
  const served = [...(predictor?.signatures.values() ?? [])].map((spec) => ({
    ...toInspection(spec),
    servable: true,
  }))
  const others = [...(detail?.unservable ?? [])].map(([name, { spec, reason, missing }]) => ({
    ...toInspection(spec ?? { name, methodName: '', inputs: new Map(), outputs: new Map() }),
    servable: false,
    reason,
    ...(missing.length > 0 && { missing }),
  }))
  return [...served, ...others]
}

function toInspection({ name, methodName, inputs, outputs }: SignatureSpec) {
  return { name, methodName, inputs: toTensors(inputs), outputs: toTensors(outputs) }
}

function toTensors(specs: ReadonlyMap<string, TensorSpec>): readonly TensorInspection[] {
  return [...specs].map(([name, { dtype, shape }]) => ({ name, dtype, shape: shape ?? null }))
}

function warningsOf(
  signatures: readonly SignatureInspection[],
  detail: SavedModelInspection | undefined,
): readonly string[] {
  const served = signatures.filter(({ servable }) => servable).map(({ name }) => name)
  const lost = signatures.length - served.length
  const hasNoDefault = served.length > 0 && !served.includes('serving_default')
  const readsFiles = detail?.graph.ops.some(({ op }) => op === 'ReadFile')
  return [
    ...(lost > 0 ? [`${lost} of ${signatures.length} signatures cannot be served`] : []),
    ...(hasNoDefault ? ["there is no signature 'serving_default': requests must name one"] : []),
    ...(readsFiles ? ['the graph reads files while it runs (ReadFile)'] : []),
  ]
}

async function filesBelow(directory: string): Promise<Inspection['files']> {
  const found = await stat(directory)
  // One of several models in a folder.
  if (found.isFile()) return [{ name: basename(directory), bytes: found.size }]
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sized = files.map(async (file) => ({
    name: relative(directory, file),
    bytes: (await stat(file)).size,
  }))
  return (await Promise.all(sized)).sort((a, b) => a.name.localeCompare(b.name))
}
