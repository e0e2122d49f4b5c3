/** ONNX Runtime for the plans of one loaded model, and what runs where. */
import type { Threads } from '../../onnx/threads.js'
import type { LoadedGraph } from '../loaded-graph.js'
import type { LoweringHost } from './lowering-host.js'
import type { PieceTally } from './piece.js'
import { openPieceRuntime } from './session.js'

export interface LoweringReport {
  /** Open, of all plans that have run. */
  readonly pieces: number
  readonly stepsLowered: number
  /** Steps that stay on kernels, by op. */
  readonly kept: ReadonlyMap<string, number>
  readonly runs: PieceTally
  /** Why pieces could not be opened: they run on kernels. */
  readonly refused: readonly string[]
}

export interface ModelLowering {
  readonly report: LoweringReport
  close(): void
}

/** Undefined where this platform has no runtime. */
export function lowerModel(
  graph: LoadedGraph,
  { threads, isForced }: { readonly threads: Threads; readonly isForced: boolean },
): ModelLowering | undefined {
  const runtime = openPieceRuntime(threads)
  if (runtime === undefined) return undefined
  const open = new Set<() => void>()
  const kept = new Map<string, number>()
  const refused: string[] = []
  const report = { pieces: 0, stepsLowered: 0, kept, refused, runs: { runtime: 0, kernels: 0 } }
  const host: LoweringHost = {
    runtime,
    isForced,
    tally: report.runs,
    isFrozen: (variable) => graph.isFrozen(variable),
    onPiece: ({ close, steps }) => {
      open.add(close)
      report.pieces++
      report.stepsLowered += steps
    },
    onKept: (ops) => {
      for (const op of ops) kept.set(op, (kept.get(op) ?? 0) + 1)
    },
    onRefused: (reason) => refused.push(reason),
  }
  graph.lowerWith(host)
  const close = () => {
    for (const closePiece of open) closePiece()
    open.clear()
  }
  return { report, close }
}
