import type { InferenceSession } from 'onnxruntime-common'

/** How many threads a session of ONNX Runtime may use. */
export interface Threads {
  /** Of one node. */
  readonly intraOpThreads: number
  /** Nodes that may run at the same time; one after another by default. */
  readonly interOpThreads?: number
}

export const oneThread: Threads = { intraOpThreads: 1 }

type SessionThreads = Pick<
  InferenceSession.SessionOptions,
  'intraOpNumThreads' | 'interOpNumThreads' | 'executionMode'
>

/** As the runtime's options say it, which looks at the second number in its parallel mode only. */
export function toSessionThreads({ intraOpThreads, interOpThreads = 1 }: Threads): SessionThreads {
  const threads = { intraOpNumThreads: intraOpThreads, interOpNumThreads: interOpThreads }
  return interOpThreads > 1 ? { ...threads, executionMode: 'parallel' } : threads
}
