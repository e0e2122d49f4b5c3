/** Gives variables and tables their values by running what the graph itself has for it. */
import { join } from 'node:path'
import { onnxTypes } from '../../formats/onnx/model.js'
import {
  type Checksums,
  openTensorBundle,
  type TensorPlace,
} from '../../formats/tensor-bundle/tensor-bundle.js'
import type { MetaGraph } from '../../formats/tensorflow/graph.js'
import { toStrings } from '../../tensor/strings.js'
import { readAssets } from './assets.js'
import type { FlatGraph, FlatNode } from './flat-graph.js'
import type { LoadedGraph } from './loaded-graph.js'
import { MappedTensor } from './mapped-tensor.js'
import type { AnyTensor } from './op.js'

export interface InitialisationOptions {
  readonly directory: string
  readonly checksums: Checksums
  /** Whether large weights, or all, stay in their files, which nobody changes. */
  readonly mapped: boolean | 'all'
}

/** Smaller weights are read: they cost little, and constants are computed from them ahead of the first run. */
const minMappedBytes = 2 ** 20

/** Resources that got no value because an op for it is missing, with those ops. */
export type FailedResources = ReadonlyMap<object, readonly string[]>

const initSignature = '__saved_model_init_op'

/**
 * Restores the variables, then runs the init op, as TensorFlow's loader does (tensorflow/cc/saved_model/loader.cc). What
 * needs an op that is missing is left out.
 *
 * @throws RecserveError of whatever fails: a file that is missing or broken, a value that does not fit its variable
 */
export async function initialise(
  graph: LoadedGraph,
  meta: MetaGraph,
  options: InitialisationOptions,
): Promise<FailedResources> {
  const failed = new Map<object, readonly string[]>()
  const assets = await loadAssets(graph, meta, options.directory)
  try {
    await restore(graph, meta, { options, assets, failed })
    const op = initOpOf(meta)
    if (op !== undefined) runTarget(graph, { target: op, feeds: assets, failed })
  } finally {
    graph.state.checkpoint = undefined
    if (!graph.usesFiles()) graph.state.assets.clear()
  }
  return failed
}

type Feeds = ReadonlyMap<string, AnyTensor>

interface Restoring {
  readonly options: InitialisationOptions
  readonly assets: Feeds
  readonly failed: Map<object, readonly string[]>
}

async function restore(
  graph: LoadedGraph,
  { saver }: MetaGraph,
  { options, assets, failed }: Restoring,
): Promise<void> {
  const target = saver?.restoreOpName
  if (saver === undefined || !target || !graph.has(nodeOf(target))) return
  const prefix = join(options.directory, 'variables', 'variables')
  const feeds = new Map([...assets, [saver.filenameTensorName, text(prefix)]])
  const flat = graph.flatten({ feeds: [...feeds.keys()], fetches: [], targets: [target] })
  // Without variables there may be no folder of theirs.
  if (graph.handles(flat).length === 0) return
  const bundle = await openTensorBundle(prefix, { checksums: options.checksums })
  graph.state.checkpoint = {
    prefix,
    read: (name, slice) =>
      slice ? bundle.readSlice(name, slice) : (toMapped(bundle.place(name), options) ?? bundle.read(name)),
  }
  runTarget(graph, { target, feeds, failed })
}

function runTarget(
  graph: LoadedGraph,
  run: { target: string; feeds: Feeds; failed: Map<object, readonly string[]> },
): void {
  const { target, feeds, failed } = run
  const flat = graph.flatten({ feeds: [...feeds.keys()], fetches: [], targets: [target] })
  const able = withoutMissing(graph, flat, failed)
  graph.run(graph.compile(able), [...feeds.values()])
}

/** Nodes that need a missing op, and those that read them, do nothing; the resources they were to fill have failed. */
function withoutMissing(
  graph: LoadedGraph,
  flat: FlatGraph,
  failed: Map<object, readonly string[]>,
): FlatGraph {
  const lacks = new Map<FlatNode, readonly string[]>()
  for (const node of flat.nodes) {
    const own = [...graph.missingOps({ ...flat, nodes: [node] }).keys()]
    const all = new Set([...own, ...node.inputs.flatMap((edge) => lacks.get(edge.node) ?? [])])
    if (all.size > 0) lacks.set(node, [...all])
  }
  if (lacks.size === 0) return flat
  for (const [node, ops] of lacks) {
    const sources = node.inputs.map((edge) => edge.node)
    for (const resource of graph.handles({ ...flat, nodes: sources })) failed.set(resource, ops)
  }
  return replace(flat, lacks)
}

function replace(flat: FlatGraph, lacks: ReadonlyMap<FlatNode, unknown>): FlatGraph {
  const made = new Map<FlatNode, FlatNode>()
  const again = (node: FlatNode) => made.get(node)!
  for (const node of flat.nodes)
    made.set(node, lacks.has(node) ? { ...node, op: 'NoOp', inputs: [] } : { ...node })
  const nodes = flat.nodes.map((node) => {
    const copy = again(node)
    const inputs = copy.inputs.map((edge) => ({ node: again(edge.node), output: edge.output }))
    return Object.assign(copy, { inputs, controls: node.controls.map(again) })
  })
  return { ...flat, nodes, feeds: flat.feeds.map(again) }
}

/** TensorFlow 2's signature of that name, or TensorFlow 1's collections. */
function initOpOf({ signatures, collections }: MetaGraph): string | undefined {
  const fromSignature = signatures.get(initSignature)?.outputs.get(initSignature)?.name
  if (fromSignature) return nodeOf(fromSignature)
  for (const key of ['saved_model_main_op', 'legacy_init_op']) {
    const names = collections.get(key)?.nodeList?.values
    if (names?.length) return names[0]
  }
  return undefined
}

/** Its checksum is not looked at: that would read all of it. */
function toMapped(
  place: TensorPlace | undefined,
  { mapped }: InitialisationOptions,
): MappedTensor | undefined {
  if (!mapped || place === undefined || place.length === 0) return undefined
  if (mapped !== 'all' && place.length < minMappedBytes) return undefined
  return place.dtype in onnxTypes ? new MappedTensor(place) : undefined
}

/** Feeds the paths of the asset files, whose contents the graph finds in its state. */
async function loadAssets(graph: LoadedGraph, meta: MetaGraph, directory: string): Promise<Feeds> {
  const feeds = new Map<string, AnyTensor>()
  for (const { tensor, path, bytes } of await readAssets(meta, directory)) {
    if (!graph.has(nodeOf(tensor))) continue
    feeds.set(tensor, text(path))
    graph.state.assets.set(path, bytes)
  }
  return feeds
}

const nodeOf = (name: string) => name.split(':')[0]!

function text(value: string): AnyTensor {
  return { dtype: 'string', shape: [], data: toStrings([value]) }
}
