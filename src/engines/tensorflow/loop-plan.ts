/** Compiles a graph with loops of TensorFlow 1: who reads whom, how many arrivals each node waits for. */
import type { FlatGraph, FlatNode } from './flat-graph.js'
import { LoopRun } from './loop-executor.js'
import type { Item, Reader } from './loop-frame.js'
import { type BoundStep, bindStep, type Environment, type Plan } from './step.js'

const kinds: Readonly<Record<string, Item['kind']>> = {
  Merge: 'merge',
  RefMerge: 'merge',
  Enter: 'enter',
  RefEnter: 'enter',
  Exit: 'exit',
  RefExit: 'exit',
  NextIteration: 'next',
  RefNextIteration: 'next',
  ControlTrigger: 'trigger',
}

/** The OpDef's default. */
const defaultParallel = 10

interface Draft extends Item {
  readonly readers: Reader[]
}

export function compileLoops(graph: FlatGraph, environment: Environment): Plan {
  const bound = graph.nodes.map((node) => (node.op === '_Feed' ? feedStep : bindStep(node, environment)))
  let inputCount = 0
  const items = graph.nodes.map((node): Draft => {
    const firstInput = inputCount
    inputCount += node.inputs.length
    return toItem(node, bound, firstInput)
  })
  for (const node of graph.nodes) linkReaders(node, items)
  const program = {
    items,
    roots: graph.nodes.filter(isRoot).map(({ index }) => items[index]!),
    feeds: graph.feeds.map(({ index }) => items[index]!),
    fetches: graph.fetches.map(({ node, output }) => ({
      item: items[node.index]!,
      output,
      isRef: output === 0 && bound[node.index]!.givesRef === true,
    })),
    pending: Int32Array.from(graph.nodes, pendingOf),
    inputCount,
    constants: bound.flatMap(({ constant }) => constant ?? []),
    enters: countEnters(items),
  }
  return { run: (feeds) => new LoopRun(program).run(feeds), writes: bound.some(({ writes }) => writes) }
}

const feedStep: BoundStep = { run: (inputs) => inputs }

const isRoot = ({ op, inputs, controls }: FlatNode) =>
  op !== '_Feed' && inputs.length === 0 && controls.length === 0

function pendingOf({ op, inputs, controls }: FlatNode): number {
  return kinds[op] === 'merge' ? 1 + 2 * controls.length : inputs.length + controls.length
}

function toItem(node: FlatNode, bound: readonly BoundStep[], firstInput: number): Draft {
  const { run, constant, refs } = bound[node.index]!
  const isRef = ({ node: from, output }: FlatNode['inputs'][number]) =>
    output === 0 && bound[from.index]!.givesRef === true
  return {
    node: node.name,
    op: node.op,
    kind: kinds[node.op] ?? 'step',
    run: constant ? () => constant : run,
    inputCount: node.inputs.length,
    firstInput,
    index: node.index,
    readers: [],
    derefs: node.inputs.flatMap((edge, i) => (isRef(edge) && !refs?.includes(i) ? [i] : [])),
    frameName: new TextDecoder().decode(node.attr.get('frame_name')?.s),
    isInvariant: node.attr.get('is_constant')?.b === true,
    parallelIterations: Math.max(1, Number(node.attr.get('parallel_iterations')?.i ?? defaultParallel)),
  }
}

function linkReaders({ index, inputs, controls }: FlatNode, items: readonly Draft[]): void {
  const item = items[index]!
  for (const [input, { node, output }] of inputs.entries())
    items[node.index]!.readers.push({ item, output, input })
  for (const { index: from } of controls) items[from]!.readers.push({ item, output: -1, input: -1 })
}

function countEnters(items: readonly Item[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, frameName } of items) {
    if (kind === 'enter') counts.set(frameName, (counts.get(frameName) ?? 0) + 1)
  }
  return counts
}
