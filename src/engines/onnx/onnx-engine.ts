import { availableParallelism } from 'node:os'
import type { EngineKind } from '../engine.js'
import { ProcessEngine } from '../process/process-engine.js'
import { hasRuntime } from './runtime.js'

/** One core is left to the serving process; past four, threads wait for memory more than they compute. */
const defaultThreads = (): number => Math.max(1, Math.min(4, availableParallelism() - 1))

/** ONNX Runtime, and our kernels for SavedModels, in inference processes. */
export const onnx = {
  name: 'onnx',
  create: (options = {}) =>
    new ProcessEngine({
      name: 'onnx',
      available: hasRuntime(),
      threads: {
        intraOpThreads: options.intraOpThreads ?? defaultThreads(),
        interOpThreads: options.interOpThreads ?? 1,
      },
      catalogueMaxBytes: options.catalogueMaxBytes ?? 2 ** 30,
      runTimeoutMs: options.runTimeoutMs ?? 30_000,
      onEvent: options.onEvent ?? (() => {}),
    }),
} satisfies EngineKind
