/** What `inspect` tells of a SavedModel's graph, and of signatures that cannot be served. Nothing is run here. */
import { join } from 'node:path'
import { RecserveError } from '../core/errors.js'
import type { SignatureSpec } from '../core/signature.js'
import type { Placement } from '../engines/engine.js'
import { onnx } from '../engines/onnx/onnx-engine.js'
import { chooseMetaGraph, type LoadedModel } from '../engines/tensorflow/saved-model.js'
import { toSignature } from '../engines/tensorflow/signature.js'
import { openTensorBundle } from '../formats/tensor-bundle/tensor-bundle.js'
import type { MetaGraph, SignatureDef } from '../formats/tensorflow/graph.js'
import { readSavedModel } from '../formats/tensorflow/saved-model.js'
import { type NumericType, typedArrays, wideArrays } from '../tensor/dtype.js'
import { isComplex, sizeOf } from '../tensor/tensor.js'

export interface GraphInspection {
  /** Of every meta graph; the first one named by `--saved_model_tags` is what the rest tells of. */
  readonly tagSets: readonly (readonly string[])[]
  readonly tensorflowVersion: string
  /** How often each op occurs, in functions too; most first. */
  readonly ops: readonly { readonly op: string; readonly count: number }[]
  /** Of the checkpoint, optimiser state included. */
  readonly variables: { readonly count: number; readonly bytes: number }
  /** What runs where; absent where nothing of it can be served, or the runtime is not there for this platform. */
  readonly placement?: Placement
}

/** Ops that a signature needs and recserve has not, with the nodes that are such. */
export interface MissingOp {
  readonly op: string
  readonly nodes: readonly string[]
}

export interface UnservableSignature {
  /** Undefined where not even that can be read. */
  readonly spec: SignatureSpec | undefined
  readonly reason: string
  readonly missing: readonly MissingOp[]
}

export interface SavedModelInspection {
  readonly graph: GraphInspection
  readonly unservable: ReadonlyMap<string, UnservableSignature>
}

/** @throws RecserveError where the graph itself, or the index of its variables, cannot be read */
export async function inspectSavedModel(
  directory: string,
  tags: readonly string[],
  model: LoadedModel | undefined,
): Promise<SavedModelInspection> {
  const proto = await readSavedModel(directory)
  const meta = chooseMetaGraph(proto, tags)
  const unservable = [...(model?.unservable ?? [])].map(([name, { reason, missing }]) => {
    const ops = [...missing].map(([op, nodes]) => ({ op, nodes }))
    const told = { spec: specOf(name, meta.signatures.get(name)), reason, missing: ops }
    return [name, told] as const
  })
  const placement = model && model.signatures.size > 0 ? await placementOf(directory, tags) : undefined
  return {
    graph: {
      tagSets: proto.metaGraphs.map(({ metaInfo }) => metaInfo?.tags ?? []),
      tensorflowVersion: meta.metaInfo?.tensorflowVersion ?? '',
      ops: countOps(meta),
      variables: await countVariables(directory),
      ...(placement && { placement }),
    },
    unservable: new Map(unservable),
  }
}

/** As the server would run it, in a process of its own. */
async function placementOf(directory: string, tags: readonly string[]): Promise<Placement | undefined> {
  const engine = onnx.create()
  try {
    const session = await engine.openSavedModel('inspected', { directory, tags, checksums: false })
    return session.placement
  } catch {
    // That it can be served is known; what the runtime makes of it is not.
    return undefined
  } finally {
    await engine.close()
  }
}

function specOf(name: string, definition: SignatureDef | undefined): SignatureSpec | undefined {
  try {
    return definition && { name, ...toSignature(definition) }
  } catch (error) {
    // The reason why it cannot be served says it.
    if (error instanceof RecserveError) return undefined
    throw error
  }
}

function countOps({ graph }: MetaGraph): GraphInspection['ops'] {
  const counts = new Map<string, number>()
  const functions = graph?.library?.functions ?? []
  for (const nodes of [graph?.nodes ?? [], ...functions.map((body) => body.nodes)]) {
    for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1)
  }
  return [...counts]
    .map(([op, count]) => ({ op, count }))
    .sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1))
}

/** Counts without reading a value; text has no size that the index would tell. */
async function countVariables(directory: string): Promise<GraphInspection['variables']> {
  const prefix = join(directory, 'variables', 'variables')
  const bundle = await openTensorBundle(prefix, { checksums: false }).catch((error: unknown) => {
    if (RecserveError.from(error).code === 'not_found') return undefined
    throw error
  })
  const variables = [...(bundle?.entries.values() ?? [])].filter(({ dtype }) => dtype !== 'string')
  const bytes = variables.map(({ dtype, shape }) => sizeOf(shape) * bytesOf(dtype))
  return { count: variables.length, bytes: bytes.reduce((sum, each) => sum + each, 0) }
}

const arrays = { ...typedArrays, ...wideArrays }

/** Bytes of an element in a file; 0 for dtypes without values of their own. */
function bytesOf(dtype: string): number {
  if (dtype === 'float16' || dtype === 'bfloat16') return 2
  if (!Object.hasOwn(arrays, dtype)) return 0
  const numeric = dtype as NumericType
  return arrays[numeric].BYTES_PER_ELEMENT * (isComplex(numeric) ? 2 : 1)
}
