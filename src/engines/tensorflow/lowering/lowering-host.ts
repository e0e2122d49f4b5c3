import type { PieceTally } from './piece.js'
import type { PieceRuntime } from './session.js'

/** Of one model: what its plans are lowered with, and what came of it. */
export interface LoweringHost {
  readonly runtime: PieceRuntime
  /** Whether pieces are made and used even where kernels are faster. */
  readonly isForced: boolean
  readonly tally: PieceTally
  isFrozen(target: object): boolean
  onPiece(piece: { readonly close: () => void; readonly steps: number }): void
  onKept(steps: readonly string[]): void
  onRefused(reason: string): void
}
