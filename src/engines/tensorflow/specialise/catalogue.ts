/** A catalogue that a graph has been specialised for: what the items alone decide is kept, users come with each run. */
import { RecserveError } from '../../../core/errors.js'
import { tensor } from '../../../tensor/tensor.js'
import type { LoadedGraph, RunOptions } from '../loaded-graph.js'
import type { AnyTensor, Value } from '../op.js'
import { rowDegree } from '../row-wise/size.js'
import type { Plan } from '../step.js'
import type { DraftEdge } from './draft.js'
import { type ProgramFeed, toProgram, toPrograms } from './programs.js'
import { blockRows, pickRows, type Rows, sliceRows, toRows } from './rows.js'
import { Unsplittable, type Whole } from './value.js'

export interface CatalogueItems {
  /** What the graph's fetch has become. */
  readonly scores: Whole
  /** The items' inputs by position, [items, ...]; all columns of those whose columns are of both sides. */
  readonly inputs: ReadonlyMap<number, AnyTensor>
  readonly count: number
  /** Of what is kept: the largest values beyond it are computed in each run. */
  readonly maxBytes: number
}

interface Program {
  readonly plan: Plan
  readonly feeds: readonly ProgramFeed[]
}

/** Rows of values, by the node's output that gives them. */
type Kept = ReadonlyMap<DraftEdge['node'], ReadonlyMap<number, Rows>>

export class Catalogue {
  readonly count: number
  /** Of values that are kept. */
  readonly keptBytes: number
  readonly #graph: LoadedGraph
  readonly #pair: Program
  readonly #user: Program
  readonly #userValues: readonly DraftEdge[]
  readonly #kept: Kept
  /** What the budget has no room for, from the items' inputs. */
  readonly #rest: Program | undefined
  readonly #restValues: readonly DraftEdge[]
  readonly #items: ReadonlyMap<number, Rows>

  /** @throws Unsplittable; RecserveError where the graph refuses the items */
  constructor(graph: LoadedGraph, { scores, inputs, count, maxBytes }: CatalogueItems) {
    this.#graph = graph
    this.count = count
    const { pair, itemValues, userValues } = toPrograms(scores)
    this.#items = new Map([...inputs].map(([at, value]) => [at, toRows(value, count)]))
    this.#pair = this.#compile(pair)
    this.#userValues = userValues
    this.#user = this.#compile(toProgram(userValues, 'user'))
    const sizes = itemValues.length > 0 ? this.#rowBytes(itemValues) : []
    const byBytes = itemValues
      .map((edge, i) => ({ edge, bytes: sizes[i]! * count }))
      .sort((a, b) => a.bytes - b.bytes)
    const kept = withinBudget(byBytes, maxBytes)
    this.keptBytes = kept.reduce((sum, value) => sum + value.bytes, 0)
    this.#kept = this.#fold(kept.map(({ edge }) => edge))
    this.#restValues = byBytes.slice(kept.length).map(({ edge }) => edge)
    this.#rest = this.#restValues.length > 0 ? this.#compile(toProgram(this.#restValues, 'item')) : undefined
  }

  /**
   * @param user one row of each of the user's inputs, by position
   * @param rows items to be scored; all without them
   * @returns scores by user, then item
   */
  score(
    users: readonly ReadonlyMap<number, AnyTensor>[],
    { rows, ...options }: RunOptions & { readonly rows?: Int32Array | undefined } = {},
  ): readonly Float32Array[] {
    const count = rows?.length ?? this.count
    const sides = users.map((inputs) => this.#ofUser(inputs, options))
    const scores = users.map(() => new Float32Array(count))
    for (let begin = 0; begin < count; begin += blockRows) {
      const end = Math.min(count, begin + blockRows)
      const block = this.#block({ begin, end, rows }, options)
      for (const [u, side] of sides.entries()) {
        const feeds = this.#feeds(this.#pair.feeds, { count: end - begin, values: [block, side] })
        const [found] = this.#graph.run(this.#pair.plan, feeds, options)
        scores[u]!.set(scoresIn(found, end - begin), begin)
      }
    }
    return scores
  }

  #ofUser(inputs: ReadonlyMap<number, AnyTensor>, options: RunOptions): Values {
    if (this.#userValues.length === 0) return new Map()
    const feeds = this.#feeds(this.#user.feeds, { count: 1, inputs })
    return toValues(this.#userValues, this.#graph.run(this.#user.plan, feeds, options))
  }

  /** Values of the items in a block. */
  #block({ begin, end, rows }: Block, options: RunOptions): Values {
    const cut = (all: Rows) => (rows ? pickRows(all, rows.subarray(begin, end)) : sliceRows(all, begin, end))
    const values = new Map<DraftEdge['node'], Map<number, Value>>()
    for (const [node, outputs] of this.#kept)
      values.set(node, new Map([...outputs].map(([output, all]) => [output, cut(all)])))
    if (!this.#rest) return values
    const inputs = new Map([...this.#items].map(([at, all]) => [at, cut(all)]))
    const feeds = this.#feeds(this.#rest.feeds, { count: end - begin, inputs })
    const found = this.#graph.run(this.#rest.plan, feeds, options)
    for (const [node, outputs] of toValues(this.#restValues, found))
      values.set(node, new Map([...(values.get(node) ?? []), ...outputs]))
    return values
  }

  /** Of each value, bytes of one row: as many rows as are fed must come, along the first axis. */
  #rowBytes(edges: readonly DraftEdge[]): readonly number[] {
    const program = this.#compile(toProgram(edges, 'item'))
    const [one, two] = [1, 2].map((count) => this.#ofItems(program, 0, count))
    return one!.map((value, i) => {
      const other = two![i]!
      const isRow = value.shape.every((size, d) => other.shape[d] === (d === 0 ? 2 * size : size))
      if (!isRow || value.shape.length === 0 || !('data' in value) || 'offsets' in value.data)
        throw new Unsplittable('what the items give is not of rows')
      return value.data.byteLength
    })
  }

  #ofItems(program: Program, begin: number, end: number): readonly Value[] {
    const inputs = new Map([...this.#items].map(([at, all]) => [at, sliceRows(all, begin, end)]))
    return this.#graph.run(program.plan, this.#feeds(program.feeds, { count: end - begin, inputs }))
  }

  #fold(edges: readonly DraftEdge[]): Kept {
    if (edges.length === 0) return new Map()
    const program = this.#compile(toProgram(edges, 'item'))
    const all: Rows[] = []
    for (let begin = 0; begin < this.count; begin += blockRows) {
      const end = Math.min(this.count, begin + blockRows)
      for (const [i, value] of this.#ofItems(program, begin, end).entries()) {
        const block = toRows(value, end - begin)
        all[i] ??= { ...block, data: emptyLike(block, this.count), count: this.count }
        ;(all[i].data as Float32Array).set(block.data as Float32Array, begin * block.width)
      }
    }
    return toValues(edges, all)
  }

  #compile({ graph, feeds }: ReturnType<typeof toProgram>): Program {
    return { plan: this.#graph.compile(graph), feeds }
  }

  #feeds(feeds: readonly ProgramFeed[], from: FeedSource): readonly Value[] {
    return feeds.map((feed) => toValue(feed, from))
  }
}

/** The first ones, as long as their sum allows. */
function withinBudget<T extends { readonly bytes: number }>(
  values: readonly T[],
  maxBytes: number,
): readonly T[] {
  let left = maxBytes
  const end = values.findIndex(({ bytes }) => {
    left -= bytes
    return left < 0
  })
  return end < 0 ? values : values.slice(0, end)
}

interface Block {
  readonly begin: number
  readonly end: number
  readonly rows: Int32Array | undefined
}

type Values = ReadonlyMap<DraftEdge['node'], ReadonlyMap<number, Value>>

interface FeedSource {
  readonly count: number
  readonly inputs?: ReadonlyMap<number, AnyTensor>
  readonly values?: readonly Values[]
}

function toValue(feed: ProgramFeed, { count, inputs, values }: FeedSource): Value {
  switch (feed.kind) {
    case 'input': {
      const value = inputs?.get(feed.input)
      if (value === undefined) throw new Error('an input of the other side: this is a bug')
      return feed.columns ? columnsOf(value, feed.columns) : value
    }
    case 'value': {
      const { node, output } = feed.edge
      const value = values?.map((each) => each.get(node)?.get(output)).find((each) => each !== undefined)
      if (value === undefined) throw new Error('a value that no side gives: this is a bug')
      return value
    }
    case 'count': {
      const elements = feed.elements.map((size) => size.factor * count ** rowDegree(size))
      const shape = feed.isScalar ? [] : [elements.length]
      return feed.dtype === 'int32'
        ? tensor('int32', shape, Int32Array.from(elements))
        : tensor('int64', shape, BigInt64Array.from(elements, BigInt))
    }
    case 'places':
      return tensor(
        'int32',
        [count * feed.each],
        Int32Array.from({ length: count * feed.each }, (_, i) => i % feed.each),
      )
  }
}

function columnsOf(value: AnyTensor, columns: readonly number[]): AnyTensor {
  const [rows, width] = value.shape as [number, number]
  const source = value.data as Float32Array
  const data = new (source.constructor as Float32ArrayConstructor)(rows * columns.length)
  for (let r = 0; r < rows; r++)
    for (const [c, column] of columns.entries()) data[r * columns.length + c] = source[r * width + column]!
  return { ...value, shape: [rows, columns.length], data } as AnyTensor
}

function toValues<T>(
  edges: readonly DraftEdge[],
  found: readonly T[],
): ReadonlyMap<DraftEdge['node'], ReadonlyMap<number, T>> {
  const values = new Map<DraftEdge['node'], Map<number, T>>()
  for (const [i, { node, output }] of edges.entries()) {
    const outputs = values.get(node) ?? new Map<number, T>()
    values.set(node, outputs.set(output, found[i]!))
  }
  return values
}

function scoresIn(value: Value | undefined, count: number): Float32Array {
  if (value && 'data' in value && value.data instanceof Float32Array && value.data.length === count)
    return value.data
  const found = value ? `${value.dtype} [${value.shape.join(', ')}]` : 'nothing'
  throw new RecserveError(
    'failed_precondition',
    `the graph answers ${found} to ${count} items: no score for each`,
  )
}

function emptyLike({ data, width }: Rows, rows: number): Rows['data'] {
  return new (data.constructor as Float32ArrayConstructor)(rows * width) as Rows['data']
}
