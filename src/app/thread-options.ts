import { RecserveError } from '../core/errors.js'
import type { EngineOptions } from '../engines/engine.js'
import type { OptionsOf } from './options.js'

type ThreadOptions = Pick<
  OptionsOf<'serve'>,
  | 'inferenceThreads'
  | 'tensorflowSessionParallelism'
  | 'tensorflowIntraOpParallelism'
  | 'tensorflowInterOpParallelism'
>

export type Threads = Required<Pick<EngineOptions, 'intraOpThreads' | 'interOpThreads'>>

/**
 * How many threads a run may use: what recserve's own option says, then the flag of that kind of threads, then the one of
 * both, then one. In TensorFlow Serving's flags 0 stands for all `cores`.
 *
 * @throws RecserveError `invalid_argument` where all three of TensorFlow Serving's flags say something, which it refuses, too
 */
export function toThreads(options: ThreadOptions, cores: number): Threads {
  const { inferenceThreads: own, tensorflowSessionParallelism: both } = options
  const { tensorflowIntraOpParallelism: intra, tensorflowInterOpParallelism: inter } = options
  if (both && intra && inter) {
    throw new RecserveError(
      'invalid_argument',
      `--tensorflow_session_parallelism=${both} is for where --tensorflow_intra_op_parallelism (${intra}) and --tensorflow_inter_op_parallelism (${inter}) are not both given; leave it out`,
    )
  }
  const resolved = (threads: number | undefined): number => (threads === 0 ? cores : (threads ?? 1))
  return { intraOpThreads: own ?? resolved(intra ?? both), interOpThreads: resolved(inter ?? both) }
}
