/** Which steps run together as one piece of ONNX: all of one level, so that nothing between them has to run elsewhere. */

/** What the partition looks at of a step. */
export interface Part {
  readonly inputs: readonly number[]
  readonly checks: readonly number[]
  readonly outputs: readonly number[]
  readonly isPure: boolean
  readonly isLowered: boolean
}

export interface Unit<T> {
  readonly kind: 'host' | 'piece'
  /** One of a host unit. */
  readonly steps: readonly T[]
}

/**
 * Levels rise where the runtime's answer is needed by a kernel: kernels of a level come first, then its piece. Steps that are
 * not pure keep their order among themselves.
 */
export function partition<T extends Part>(steps: readonly T[]): readonly Unit<T>[] {
  const levels = levelsOf(steps)
  const last = Math.max(0, ...levels)
  const units: Unit<T>[] = []
  for (let level = 0; level <= last; level++) {
    const here = steps.filter((_, i) => levels[i] === level)
    for (const step of here) if (!step.isLowered) units.push({ kind: 'host', steps: [step] })
    const lowered = here.filter(({ isLowered }) => isLowered)
    if (lowered.length > 0) units.push({ kind: 'piece', steps: lowered })
  }
  return units
}

function levelsOf(steps: readonly Part[]): readonly number[] {
  /** By slot, the first level at which a kernel and a piece can read it. */
  const forHost = new Map<number, number>()
  const forPiece = new Map<number, number>()
  let impure = 0
  return steps.map(({ inputs, checks, outputs, isPure, isLowered }) => {
    const known = isLowered ? forPiece : forHost
    let level = isPure ? 0 : impure
    for (const slot of [...inputs, ...checks]) level = Math.max(level, known.get(slot) ?? 0)
    if (!isPure) impure = level
    for (const slot of outputs) {
      forPiece.set(slot, level)
      forHost.set(slot, isLowered ? level + 1 : level)
    }
    return level
  })
}
