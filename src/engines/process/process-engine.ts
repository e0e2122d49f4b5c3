/**
 * An engine whose graphs run in inference processes. Each model of files that anyone may have written has one of its own, so
 * that a run, a load or a death in it touches that model alone; the graphs recserve builds itself share one.
 */
import { RecserveError } from '../../core/errors.js'
import type { StageListener } from '../../core/stage-events.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import type {
  CatalogueRequest,
  CatalogueSession,
  Engine,
  Graph,
  GraphSession,
  OnnxFiles,
  SavedModelFiles,
  Session,
} from '../engine.js'
import type { Threads } from '../onnx/threads.js'
import { packCatalogueRun, toRankings } from './catalogue-run.js'
import type { RequestBody } from './inference-process.js'
import { packGraph } from './messages.js'
import { closedError, SupervisedProcess } from './supervised-process.js'

export interface ProcessEngineOptions {
  readonly name: string
  readonly available: boolean
  readonly threads: Threads
  readonly runTimeoutMs: number
  /** 0: no graph is specialised for a catalogue. */
  readonly catalogueMaxBytes: number
  readonly onEvent: StageListener
}

export class ProcessEngine implements Engine {
  readonly name: string
  readonly available: boolean
  readonly #options: ProcessEngineOptions
  /** Runs the graphs that recserve builds; started with the first. */
  readonly #shared: SupervisedProcess
  /** Of one model each. */
  readonly #own = new Set<SupervisedProcess>()
  #isClosed = false

  constructor(options: ProcessEngineOptions) {
    this.name = options.name
    this.available = options.available
    this.#options = options
    this.#shared = new SupervisedProcess(options)
  }

  /** Of the inference processes that run, the shared one first; for tests and logs. */
  get processIds(): readonly number[] {
    return [this.#shared, ...this.#own].flatMap(({ processId }) => processId ?? [])
  }

  async open(name: string, build: () => Graph): Promise<Session> {
    this.#checkAvailable()
    const [session] = await this.#shared.open(name, (id) => {
      const { tensors, ...graph } = packGraph(build())
      return { body: { kind: 'open', session: id, ...graph }, tensors }
    })
    return {
      // A session of numbers answers numbers.
      run: async (feeds, options) =>
        (await this.#shared.run(session, { tensors: feeds }, options)) as NamedTensors,
      close: () => this.#shared.closeSession(session),
    }
  }

  openSavedModel(name: string, files: SavedModelFiles): Promise<GraphSession> {
    return this.#openModel(name, (session) => ({ kind: 'open_saved_model', session, ...files }))
  }

  async openOnnxModel(name: string, files: OnnxFiles): Promise<GraphSession> {
    this.#checkAvailable()
    return this.#openModel(name, (session) => ({ kind: 'open_onnx_model', session, ...files }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#shared, ...this.#own].map((supervised) => supervised.close()))
  }

  #checkAvailable(): void {
    if (this.available) return
    const platform = `${process.platform} ${process.arch}`
    throw new RecserveError('failed_precondition', `this package has no inference runtime for ${platform}`)
  }

  async #openModel(name: string, toBody: (session: number) => RequestBody): Promise<GraphSession> {
    if (this.#isClosed) throw closedError('the engine')
    const own = new SupervisedProcess({ ...this.#options, model: name })
    this.#own.add(own)
    const end = async (graceMs?: number): Promise<void> => {
      await own.close(graceMs)
      this.#own.delete(own)
    }
    try {
      return await openSignatures(own, {
        name,
        toBody,
        end: () => end(this.#options.runTimeoutMs),
        catalogueMaxBytes: this.#options.catalogueMaxBytes,
      })
    } catch (error) {
      await end()
      throw error
    }
  }
}

interface ModelOpening {
  readonly name: string
  readonly toBody: (session: number) => RequestBody
  /** Ends the process once the runs under way are answered. */
  readonly end: () => Promise<void>
  readonly catalogueMaxBytes: number
}

async function openSignatures(
  own: SupervisedProcess,
  { name, toBody, end, catalogueMaxBytes: maxBytes }: ModelOpening,
): Promise<GraphSession> {
  const [session, opened] = await own.open(name, (id) => ({ body: toBody(id), tensors: {} }))
  const specs = (opened?.signatures ?? []).map(({ inputs, outputs, ...rest }) => ({
    ...rest,
    inputs: new Map(inputs),
    outputs: new Map(outputs),
  }))
  return {
    signatures: new Map(specs.map((spec) => [spec.name, spec])),
    unservable: new Map(opened?.unservable),
    ...(opened?.placement && { placement: opened.placement }),
    run: ({ inputs, ...asked }, options) => own.run(session, { tensors: inputs, asked }, options),
    ...(maxBytes > 0 &&
      opened?.specialises && {
        specialise: (request) => openCatalogue(own, { name, model: session.id, request, maxBytes }),
      }),
    close: async () => {
      own.forget(session)
      await end()
    },
  }
}

interface CatalogueOpening {
  readonly name: string
  /** The session of the model, in the same process. */
  readonly model: number
  readonly request: CatalogueRequest
  readonly maxBytes: number
}

async function openCatalogue(
  own: SupervisedProcess,
  { name, model, request, maxBytes }: CatalogueOpening,
): Promise<CatalogueSession> {
  const { items, ...asked } = request
  const [session, opened] = await own.open(name, (id) => ({
    body: { kind: 'specialise', session: id, model, maxBytes, ...asked },
    tensors: items,
  }))
  const { itemCount = 0, keptBytes = 0 } = opened?.catalogue ?? {}
  return {
    itemCount,
    keptBytes,
    async rank(run, options) {
      const { signature } = request
      return toRankings(
        await own.run(session, { tensors: packCatalogueRun(run), asked: { signature } }, options),
      )
    },
    close: () => own.closeSession(session),
  }
}
