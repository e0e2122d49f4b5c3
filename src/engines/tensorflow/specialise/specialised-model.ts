/** A signature specialised for a catalogue: its inputs by name, users in, the best items out. */
import { RecserveError } from '../../../core/errors.js'
import type { NamedAnyTensors } from '../../../tensor/any-tensor.js'
import type { FlatGraph } from '../flat-graph.js'
import type { LoadedGraph, RunOptions } from '../loaded-graph.js'
import type { AnyTensor } from '../op.js'
import type { RowAnalysis } from '../row-wise/analysis.js'
import type { Signature } from '../signature.js'
import { Catalogue } from './catalogue.js'
import { sliceRows, toRows } from './rows.js'
import { type Ownership, specialise, withSqueezedAxes } from './specialiser.js'
import { Unsplittable } from './value.js'

export interface SpecialisationRequest {
  readonly signature: string
  /** Alias of the output that is a score for each row. */
  readonly output: string
  /** Rows of the items' inputs, by alias; of those with columns of both, too, where the user's columns are whatever. */
  readonly items: NamedAnyTensors
  /** Aliases of the inputs that are the user's. */
  readonly users: readonly string[]
  /** Columns that are the user's, by alias of the inputs that have columns of both. */
  readonly mixed?: Readonly<Record<string, readonly number[]>>
  /** Bytes that may be kept of what the items decide: what is larger is computed in each run. */
  readonly maxBytes?: number
}

export const defaultMaxBytes = 2 ** 30

export interface SpecialisedModel {
  readonly itemCount: number
  /** Bytes kept of what the items decide. */
  readonly keptBytes: number
  /**
   * @param users rows of the user's inputs, and of those with columns of both, where the items' columns are whatever
   * @returns scores of all items, or of the rows, by user
   */
  score(
    users: NamedAnyTensors,
    options?: RunOptions & { readonly rows?: Int32Array | undefined },
  ): readonly Float32Array[]
}

interface SpecialisedSignature {
  readonly signature: Signature
  /** The output's graph, fed by these inputs. */
  flatten(aliases: readonly string[]): FlatGraph
}

/** A Squeeze that loses its axes is met one at a time. */
const maxSqueezes = 64

/** @throws RecserveError `failed_precondition` where the signature has to run as it is, `invalid_argument` for inputs that it has not */
export function specialiseModel(
  graph: LoadedGraph,
  { signature, flatten }: SpecialisedSignature,
  request: SpecialisationRequest,
): SpecialisedModel {
  const { items, users, mixed = {}, maxBytes = defaultMaxBytes } = request
  const aliases = [...new Set([...Object.keys(items), ...users, ...Object.keys(mixed)])]
  for (const alias of aliases) checkInput(signature, alias, items[alias])
  const count = itemCount(items)
  const ownerOf = (alias: string): Ownership =>
    Object.hasOwn(mixed, alias) ? { userColumns: mixed[alias]! } : users.includes(alias) ? 'user' : 'item'
  try {
    const shapes = aliases.map((alias) => signature.inputs.get(alias)!.shape)
    const { flat, analysis } = analyse(graph, withoutUnread(flatten(aliases)), shapes)
    const scores = specialise(flat, analysis, aliases.map(ownerOf))
    const inputs = new Map(
      aliases.flatMap((alias, at) => (items[alias] ? [[at, items[alias]] as const] : [])),
    )
    const catalogue = new Catalogue(graph, { scores, inputs, count, maxBytes })
    const userAliases = aliases.filter((alias) => ownerOf(alias) !== 'item')
    return {
      itemCount: count,
      keptBytes: catalogue.keptBytes,
      score: (given, options) => catalogue.score(toUsers(given, userAliases, aliases), options),
    }
  } catch (error) {
    if (!(error instanceof Unsplittable)) throw error
    throw new RecserveError(
      'failed_precondition',
      `'${request.signature}' is not specialised: ${error.message}`,
    )
  }
}

function analyse(graph: LoadedGraph, given: FlatGraph, shapes: Parameters<LoadedGraph['analyseRows']>[1]) {
  let flat = given
  for (let i = 0; i < maxSqueezes; i++) {
    const analysis: RowAnalysis | string = graph.analyseRows(flat, shapes)
    if (typeof analysis === 'string') throw new Unsplittable(analysis)
    if (analysis.whyNot === undefined) return { flat, analysis }
    const squeezed = withSqueezedAxes(flat, analysis)
    if (squeezed === undefined) throw new Unsplittable(`rows are not kept apart: ${analysis.whyNot}`)
    flat = squeezed
  }
  throw new Unsplittable('it squeezes too often')
}

/** What chooses from the scores has been cut off. */
function withoutUnread(flat: FlatGraph): FlatGraph {
  const read = new Set(flat.fetches.map(({ node }) => node))
  const nodes = flat.nodes.toReversed().filter((node) => {
    if (!read.has(node) && !node.isKept && node.op !== '_Feed') return false
    for (const each of [...node.inputs.map((edge) => edge.node), ...node.controls]) read.add(each)
    return true
  })
  return { ...flat, nodes: nodes.reverse() }
}

function checkInput({ inputs }: Signature, alias: string, value: AnyTensor | undefined): void {
  const spec = inputs.get(alias)
  if (!spec) {
    const known = [...inputs.keys()].map((key) => `'${key}'`).join(', ')
    throw new RecserveError('invalid_argument', `the signature has no input '${alias}'; it has ${known}`)
  }
  if (value && value.dtype !== spec.dtype)
    throw new RecserveError(
      'invalid_argument',
      `the items' '${alias}' are ${value.dtype}, expected ${spec.dtype}`,
    )
}

/** @throws Unsplittable for a lone item, whose row might be taken for one that is repeated */
function itemCount(items: NamedAnyTensors): number {
  const counts = new Set(Object.values(items).map(({ shape }) => shape[0] ?? 0))
  const [count = 0] = counts
  if (counts.size === 1 && count >= 2) return count
  const found = [...counts].join(', ')
  throw new RecserveError(
    'failed_precondition',
    `the items' inputs have ${found || 'no'} rows: expected one number, at least 2`,
  )
}

function toUsers(
  given: NamedAnyTensors,
  expected: readonly string[],
  aliases: readonly string[],
): readonly ReadonlyMap<number, AnyTensor>[] {
  const count = expected.length === 0 ? 1 : (given[expected[0]!]?.shape[0] ?? 0)
  const rows = expected.map((alias) => {
    const value = given[alias]
    if (value?.shape[0] !== count || 'offsets' in value.data) {
      const found = value ? `${value.dtype} [${value.shape.join(', ')}]` : 'missing'
      throw new RecserveError(
        'invalid_argument',
        `the users' '${alias}' is ${found}, expected numbers of ${count} rows`,
      )
    }
    return [aliases.indexOf(alias), toRows(value, count)] as const
  })
  return Array.from(
    { length: count },
    (_, u) => new Map(rows.map(([at, all]) => [at, sliceRows(all, u, u + 1)] as const)),
  )
}
