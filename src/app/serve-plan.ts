/** What the options of `serve` say together: TensorFlow Serving's flags mean here what they mean there. */
import { availableParallelism } from 'node:os'
import { RecserveError } from '../core/errors.js'
import type { OptionsOf } from './options.js'
import type { Address } from './server.js'
import { type Threads, toThreads } from './thread-options.js'

export interface ServePlan {
  /** Path by model name. */
  readonly names: ReadonlyMap<string, string>
  readonly address: Address
  /** Whether the port stays closed until every model has been tried. */
  readonly waitForModels: boolean
  readonly threads: Threads
  /** What the operator should know and may not expect. */
  readonly notes: readonly string[]
}

type ServeOptions = OptionsOf<'serve'>

/** @throws RecserveError `invalid_argument` where options contradict each other or nothing would be served. */
export function toServePlan(options: ServeOptions): ServePlan {
  const { modelBasePath, restApiPort, httpPort, grpcPort } = options
  // Clients of TensorFlow Serving reach it from other machines, and take an open port for a ready server.
  const isTensorflowServing = modelBasePath !== undefined || restApiPort !== undefined
  if (restApiPort === 0) {
    throw new RecserveError(
      'invalid_argument',
      '--rest_api_port=0 turns HTTP off, and gRPC does not exist yet: nothing would be served; give it a port, 8501 for example',
    )
  }
  const port = restApiPort ?? httpPort
  return {
    names: namesOf(options),
    address: {
      host: options.host ?? (isTensorflowServing ? '0.0.0.0' : localHost),
      port,
      portFlag: restApiPort === undefined ? '--http-port' : '--rest_api_port',
    },
    threads: toThreads(options, availableParallelism()),
    waitForModels: options.waitForModels ?? isTensorflowServing,
    notes:
      grpcPort === undefined
        ? []
        : [`--port=${grpcPort} is the port of gRPC, which comes later: nothing listens there`],
  }
}

/** Where a server listens that is told nothing: reached from this machine only. */
export const localHost = '127.0.0.1'

function namesOf({ name, modelBasePath, modelName }: ServeOptions): ReadonlyMap<string, string> {
  if (modelBasePath === undefined) {
    if (modelName === undefined) return name
    throw new RecserveError(
      'invalid_argument',
      '--model_name names the model of --model_base_path, which is not given; --name NAME=PATH names any other',
    )
  }
  const own = modelName ?? 'default'
  const other = name.get(own)
  if (other === undefined) return new Map([...name, [own, modelBasePath]])
  throw new RecserveError(
    'invalid_argument',
    `two models are named '${own}': ${other} (--name) and ${modelBasePath} (--model_base_path)`,
  )
}
