/** `x[a:b:c, ..., tf.newaxis, i]` with constant bounds. */
import { areOf, constantInts, type Lowering, movable } from './lowering.js'

const far = Number.MAX_SAFE_INTEGER

interface Cut {
  readonly axes: number[]
  readonly begins: number[]
  readonly ends: number[]
  readonly steps: number[]
  /** Axes of the input that fall away. */
  readonly dropped: number[]
  /** Axes of the output that are new. */
  readonly added: number[]
}

export const stridedSlice: Lowering = ({ inputs, attrs, graph }) => {
  const input = inputs[0]!
  const [begin, end, strides] = inputs.slice(1).map(constantInts)
  if (!begin || !end || !strides || !areOf([input], movable)) return undefined
  const mask = (name: string) => {
    const bits = attrs.int(`${name}_mask`, 0)
    return (i: number) => ((bits >> i) & 1) === 1
  }
  const masks = {
    begin: mask('begin'),
    end: mask('end'),
    ellipsis: mask('ellipsis'),
    added: mask('new_axis'),
    dropped: mask('shrink_axis'),
  }
  const cut = readCut({ begin, end, strides }, masks, input.rank)
  if (cut === undefined) return undefined
  let { name } = input
  if (cut.axes.length > 0)
    name = graph.emit('Slice', [
      name,
      ...[cut.begins, cut.ends, cut.axes, cut.steps].map((list) => graph.ints(list)),
    ])
  if (cut.dropped.length > 0) name = graph.emit('Squeeze', [name, graph.ints(cut.dropped)])
  if (cut.added.length > 0) name = graph.emit('Unsqueeze', [name, graph.ints(cut.added)])
  return [name]
}

type Masks = Readonly<Record<'begin' | 'end' | 'ellipsis' | 'added' | 'dropped', (i: number) => boolean>>

interface Bounds {
  readonly begin: readonly number[]
  readonly end: readonly number[]
  readonly strides: readonly number[]
}

function readCut(bounds: Bounds, masks: Masks, rank: number | undefined): Cut | undefined {
  const cut: Cut = { axes: [], begins: [], ends: [], steps: [], dropped: [], added: [] }
  const count = bounds.begin.length
  const isTaking = (i: number) => !masks.ellipsis(i) && !masks.added(i)
  const taken = Array.from({ length: count }, (_, i) => i).filter(isTaking).length
  let axis = 0
  let out = 0
  for (let i = 0; i < count; i++) {
    if (masks.ellipsis(i)) {
      if (rank === undefined) return undefined
      out += rank - taken
      axis += rank - taken
    } else if (masks.added(i)) {
      cut.added.push(out++)
    } else {
      if (!addAxis(cut, axis++, i, { bounds, masks })) return undefined
      if (!masks.dropped(i)) out++
    }
  }
  return cut
}

function addAxis(
  cut: Cut,
  axis: number,
  i: number,
  { bounds, masks }: { readonly bounds: Bounds; readonly masks: Masks },
): boolean {
  const [begin, end, step] = [bounds.begin[i]!, bounds.end[i]!, bounds.strides[i]!]
  if (step === 0) return false
  if (masks.dropped(i)) {
    if (step < 0) return false
    cut.dropped.push(axis)
    push(cut, { axis, begin, end: begin === -1 ? far : begin + 1, step: 1 })
    return true
  }
  const from = masks.begin(i) ? (step > 0 ? 0 : far) : begin
  const to = masks.end(i) ? (step > 0 ? far : -far) : end
  if (from !== 0 || to !== far || step !== 1) push(cut, { axis, begin: from, end: to, step })
  return true
}

function push(cut: Cut, one: { axis: number; begin: number; end: number; step: number }): void {
  cut.axes.push(one.axis)
  cut.begins.push(one.begin)
  cut.ends.push(one.end)
  cut.steps.push(one.step)
}
