/** A SavedModel directory becomes signatures that run, without TensorFlow. */
import { basename } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import type { Checksums } from '../../formats/tensor-bundle/tensor-bundle.js'
import type { MetaGraph, SavedModelProto, SignatureDef } from '../../formats/tensorflow/graph.js'
import { readSavedModel } from '../../formats/tensorflow/saved-model.js'
import { declaredRows } from '../batching/joining.js'
import { hasRuntime } from '../onnx/runtime.js'
import { oneThread, type Threads } from '../onnx/threads.js'
import type { FlatGraph } from './flat-graph.js'
import { type FailedResources, initialise } from './initialisation.js'
import { LoadedGraph, type MissingOps, type RunOptions } from './loaded-graph.js'
import { type LoweringReport, lowerModel, type ModelLowering } from './lowering/model-lowering.js'
import { warmUp } from './lowering/warm-up.js'
import type { AnyOp, AnyTensor } from './op.js'
import { ops as allOps } from './ops/index.js'
import { placesOutput, rankedScores, scoresAlias } from './ranked-scores.js'
import { areMany, runInBlocks } from './row-blocks.js'
import { checkOutputs, type Signature, toFeeds, toSignature } from './signature.js'
import {
  type SpecialisationRequest,
  type SpecialisedModel,
  specialiseModel,
} from './specialise/specialised-model.js'
import type { Plan } from './step.js'
import { failureText, missingText, refuseSparse } from './unservable-reason.js'

export interface LoadOptions {
  /** The meta graph with exactly these tags is taken. */
  readonly tags?: readonly string[]
  /** Whether tensors are compared with their checksums. */
  readonly checksums?: Checksums
  /**
   * Whether nobody changes the files while the model is loaded: then large weights are mapped from them by ONNX Runtime, not
   * read, and not compared with their checksums. `all`: small ones too, for tests. Without a runtime everything is read.
   */
  readonly immutable?: boolean | 'all'
  /** The ops there are; all of recserve's by default. */
  readonly ops?: ReadonlyMap<string, AnyOp>
  /**
   * Whether parts of the graphs may run on ONNX Runtime, where there is one for this platform; so by default.
   * `always`: even where kernels would be faster, for tests.
   */
  readonly lowering?: boolean | 'always'
  /** Threads of ONNX Runtime; one by default. */
  readonly threads?: Threads
}

/** Why a signature is not served. */
export interface Unservable {
  readonly reason: string
  /** Ops that are missing, with the nodes that need them. */
  readonly missing: MissingOps
}

export interface ModelRunOptions extends RunOptions {
  /** Aliases; all declared outputs by default. What only the others need is not computed. */
  readonly outputs?: readonly string[]
}

export interface LoadedModel {
  readonly signatures: ReadonlyMap<string, Signature>
  readonly unservable: ReadonlyMap<string, Unservable>
  /** What runs on ONNX Runtime; undefined where everything runs on kernels. */
  readonly lowering: LoweringReport | undefined
  /** Whether a run of the signature may change what later runs answer. */
  writes(signature: string): boolean
  /**
   * Why requests of the signature have to be run one by one; undefined where row i of every output is certain to be a function
   * of row i of the inputs alone.
   */
  whyNotRowWise(signature: string): string | undefined
  /** Aliases of outputs that are not declared and that a run may name (`SignatureSpec.derived`). */
  derived(signature: string): readonly string[]
  /**
   * @throws RecserveError `not_found` for a signature that is not served; `invalid_argument` for inputs and outputs that are
   * not the signature's; whatever a kernel refuses; `deadline_exceeded`
   */
  run(
    signature: string,
    inputs: Readonly<Record<string, AnyTensor>>,
    options?: ModelRunOptions,
  ): Readonly<Record<string, AnyTensor>>
  /**
   * What of the signature the items decide, computed once.
   *
   * @throws RecserveError `failed_precondition` where the signature has to run as it is: why
   */
  specialise(request: SpecialisationRequest): SpecialisedModel
  close(): void
}

/**
 * @throws RecserveError where the files are missing or broken, where no meta graph has the tags (`not_found`), where the
 * variables cannot be restored, and where no signature is left that can be served
 */
export async function loadSavedModel(directory: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const model = await loadAnySavedModel(directory, options)
  checkServable(model, directory)
  return model
}

/**
 * As `loadSavedModel`, but nothing of the model need be servable: for those who want to know why.
 *
 * @throws RecserveError as `loadSavedModel`, but for the last of its reasons
 */
export async function loadAnySavedModel(directory: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const { tags = ['serve'], checksums = true, ops = allOps, lowering = true, threads = oneThread } = options
  const { immutable = false } = options
  const meta = chooseMetaGraph(await readSavedModel(directory), tags)
  if (meta.graph === undefined)
    throw new RecserveError('data_loss', `'${basename(directory)}' has a meta graph without a graph`)
  const graph = new LoadedGraph(meta.graph, ops)
  const definitions = [...meta.signatures].filter(([name]) => !name.startsWith('__saved_model_'))
  if (definitions.length === 0)
    throw new RecserveError('failed_precondition', `'${basename(directory)}' has no signature`)
  const mapped = lowering && hasRuntime() ? immutable : false
  const failed = await initialise(graph, meta, { directory, checksums, mapped })
  return new Model(graph, definitions, failed, {
    lowering: lowering ? lowerModel(graph, { threads, isForced: lowering === 'always' }) : undefined,
    threads: Math.max(1, threads.intraOpThreads),
  })
}

/** @throws RecserveError that says of every signature why it cannot be served, where none can */
export function checkServable({ signatures, unservable }: LoadedModel, directory: string): void {
  if (signatures.size > 0) return
  const faults = [...unservable]
  const reasons = faults.map(([name, { reason }]) => `'${name}': ${reason}`)
  const isLacking = faults.some(([, { missing }]) => missing.size > 0)
  throw new RecserveError(
    isLacking ? 'unimplemented' : 'invalid_argument',
    `no signature of '${basename(directory)}' can be served; ${reasons.join('; ')}`,
  )
}

/** @throws RecserveError `not_found` that tells the tags there are */
export function chooseMetaGraph({ metaGraphs }: SavedModelProto, tags: readonly string[]): MetaGraph {
  const wanted = new Set(tags)
  const found = metaGraphs.find(({ metaInfo }) => {
    const own = new Set(metaInfo?.tags)
    return own.size === wanted.size && [...own].every((tag) => wanted.has(tag))
  })
  if (found) return found
  const sets = metaGraphs.map(({ metaInfo }) => `{ ${(metaInfo?.tags ?? []).join(', ')} }`)
  const known = sets.length > 0 ? `it has the tag sets ${sets.join(', ')}` : 'it has none'
  throw new RecserveError(
    'not_found',
    `the SavedModel has no meta graph with the tags { ${tags.join(', ')} }; ${known}`,
  )
}

class Model implements LoadedModel {
  readonly signatures = new Map<string, Signature>()
  readonly unservable = new Map<string, Unservable>()
  readonly #graph: LoadedGraph
  readonly #lowering: ModelLowering | undefined
  /** That share a block of rows. */
  readonly #threads: number
  readonly #whyNotRowWise = new Map<string, string>()
  /** By signature, the output whose places were chosen by `scores`. */
  readonly #places = new Map<string, string>()
  /** By signature and outputs. */
  readonly #plans = new Map<string, Plan>()

  constructor(
    graph: LoadedGraph,
    definitions: readonly (readonly [string, SignatureDef])[],
    failed: FailedResources,
    { lowering, threads }: { readonly lowering: ModelLowering | undefined; readonly threads: number },
  ) {
    this.#graph = graph
    this.#lowering = lowering
    this.#threads = threads
    const flats = definitions.flatMap(([name, definition]) => this.#flatten(name, definition, failed) ?? [])
    graph.freeze(flats.map(({ flat }) => flat))
    for (const { name, signature, flat } of flats) this.#add(name, signature, flat)
    if (lowering) warmUp(this)
  }

  get lowering(): LoweringReport | undefined {
    return this.#lowering?.report
  }

  writes(signature: string): boolean {
    return this.#plan(signature, this.#signature(signature)).writes
  }

  whyNotRowWise(signature: string): string | undefined {
    return this.#whyNotRowWise.get(this.#signature(signature) && signature)
  }

  derived(signature: string): readonly string[] {
    return this.#places.has(signature) ? [scoresAlias] : []
  }

  run(
    name: string,
    inputs: Readonly<Record<string, AnyTensor>>,
    options: ModelRunOptions = {},
  ): Readonly<Record<string, AnyTensor>> {
    const signature = this.#signature(name)
    const aliases = options.outputs ?? [...signature.outputs.keys()]
    const derived = this.derived(name)
    checkOutputs(
      signature,
      aliases.filter((alias) => !derived.includes(alias)),
    )
    const plan = this.#plan(name, signature, aliases)
    const run = (feeds: Readonly<Record<string, AnyTensor>>) => {
      const values = this.#graph.run(plan, toFeeds(signature, feeds), options)
      return Object.fromEntries(aliases.map((alias, i) => [alias, asTensor(values[i]!, alias)]))
    }
    // That rows are kept apart has been shown for the declared outputs, and for inputs as they are declared.
    const isWhole = plan.writes || derived.some((alias) => aliases.includes(alias))
    const rows = isWhole || this.#whyNotRowWise.has(name) ? undefined : declaredRows(signature.inputs, inputs)
    const threads = this.#threads
    return rows !== undefined && areMany(rows, threads)
      ? runInBlocks(inputs, { rows, run }, { threads })
      : run(inputs)
  }

  specialise(request: SpecialisationRequest): SpecialisedModel {
    const signature = this.#signature(request.signature)
    if (!this.derived(request.signature).includes(request.output)) checkOutputs(signature, [request.output])
    const flatten = (aliases: readonly string[]) => {
      const inputs = new Map(aliases.map((alias) => [alias, signature.inputs.get(alias)!] as const))
      return this.#flat(request.signature, { ...signature, inputs }, [request.output])
    }
    return specialiseModel(this.#graph, { signature, flatten }, request)
  }

  close(): void {
    this.#plans.clear()
    this.#lowering?.close()
    this.#graph.close()
  }

  /** Undefined for one that cannot be served, whose reason is noted. */
  #flatten(name: string, definition: SignatureDef, failed: FailedResources) {
    let missing: MissingOps = new Map()
    try {
      const signature = toSignature(definition)
      refuseSparse(definition)
      const flat = this.#graph.flatten(requestOf(signature))
      missing = this.#graph.missingOps(flat)
      const reason = missing.size > 0 ? missingText(missing) : failureText(this.#graph.handles(flat), failed)
      if (reason === undefined) return { name, signature, flat }
      this.unservable.set(name, { reason, missing })
    } catch (error) {
      this.#refuse(name, error)
    }
    return undefined
  }

  #add(name: string, signature: Signature, flat: FlatGraph): void {
    try {
      this.#plans.set(keyOf(name, [...signature.outputs.keys()]), this.#graph.compile(flat))
      this.signatures.set(name, signature)
      const places = placesOutput([...signature.outputs.keys()], flat.fetches)
      if (places !== undefined) this.#places.set(name, places)
      const reason = this.#graph.whyNotRowWise(
        flat,
        [...signature.inputs.values()].map(({ shape }) => shape),
      )
      if (reason !== undefined) this.#whyNotRowWise.set(name, reason)
    } catch (error) {
      this.#refuse(name, error)
    }
  }

  #refuse(name: string, error: unknown): void {
    if (!(error instanceof RecserveError)) throw error
    this.unservable.set(name, { reason: error.message, missing: new Map() })
  }

  #signature(name: string): Signature {
    const signature = this.signatures.get(name)
    if (signature) return signature
    const reason = this.unservable.get(name)?.reason
    const known = `it has ${[...this.signatures.keys()].map((key) => `'${key}'`).join(', ')}`
    throw new RecserveError(
      'not_found',
      `the model has no signature '${name}' that is served: ${reason ?? known}`,
    )
  }

  #plan(
    name: string,
    signature: Signature,
    aliases: readonly string[] = [...signature.outputs.keys()],
  ): Plan {
    const key = keyOf(name, aliases)
    const known = this.#plans.get(key)
    if (known) return known
    const plan = this.#graph.compile(this.#flat(name, signature, aliases))
    // Requests choose their outputs: a few plans are kept, not one for each way to choose.
    if (this.#plans.size < this.signatures.size + maxPlans) this.#plans.set(key, plan)
    return plan
  }

  #flat(name: string, signature: Signature, aliases: readonly string[]): FlatGraph {
    const places = this.#places.get(name)
    if (places === undefined || !aliases.includes(scoresAlias)) {
      return this.#graph.flatten(requestOf(signature, aliases))
    }
    const declared = aliases.map((alias) => (alias === scoresAlias ? places : alias))
    const flat = this.#graph.flatten(requestOf(signature, declared))
    const fetches = flat.fetches.map((edge, i) => (aliases[i] === scoresAlias ? rankedScores(edge)! : edge))
    return { ...flat, fetches }
  }
}

const maxPlans = 64

const keyOf = (name: string, aliases: readonly string[]) => JSON.stringify([name, ...aliases])

function requestOf({ inputs, outputs }: Signature, aliases: readonly string[] = [...outputs.keys()]) {
  return {
    feeds: [...inputs.values()].map(({ name }) => name),
    fetches: aliases.map((alias) => outputs.get(alias)!.name),
  }
}

function asTensor(value: ReturnType<Plan['run']>[number], alias: string): AnyTensor {
  if ('data' in value) return value
  throw new RecserveError(
    'unimplemented',
    `the output '${alias}' is of dtype ${value.dtype}, which no answer can hold`,
  )
}
