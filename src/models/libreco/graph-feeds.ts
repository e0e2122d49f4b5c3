/**
 * What a graph is fed. Item side: constant, laid out once for the whole catalogue. User side: one row, made for each request.
 * `toFeeds` is the one place where they meet. Step 5 of the walk.
 */
import { RecserveError } from '../../core/errors.js'
import type { TensorSpec } from '../../core/signature.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'
import { tensor } from '../../tensor/tensor.js'
import type { GraphInputs, RowInput, UserSide } from './graph-inputs.js'

/** As tensors hold them. */
type Numbers = Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>

/** Item side of an input: rows for every item, [items, width], the user's columns 0. The same for every request. */
interface ItemSide {
  readonly template: Numbers
  /** The template as it is fed where no column is the user's. */
  readonly constant: Tensor | undefined
}

/** User side of an input: what the user decides of a row. */
interface UserRow {
  /** Where in the row; all of it without them. */
  readonly columns: Int32Array | undefined
  readonly values: Int32Array | Float32Array
}

export interface GraphFeeds {
  readonly memoryBytes: number
  /** @param rows the items to be scored, of a graph that scores what it is given; the whole catalogue without them */
  toFeeds(user: UserSide, rows?: Int32Array): NamedTensors
  /** Every item's rows of the inputs that have columns of items, where users' columns are 0. */
  toItemFeeds(): NamedTensors
  /** A row for each user of the inputs that have columns of users, where items' columns are 0. */
  toUserFeeds(users: readonly UserSide[]): NamedTensors
}

/** Numbers that one input is fed at most: 1 GiB. */
const maxNumbers = 2 ** 28

/** @throws RecserveError `resource_exhausted` where rows for the whole catalogue are more than one input is fed */
export function createGraphFeeds(inputs: GraphInputs, itemCount: number): GraphFeeds {
  checkSizes(inputs, itemCount)
  const itemSides = toItemSides(inputs, itemCount)
  return {
    memoryBytes: [...itemSides.values()].reduce((sum, { template }) => sum + template.byteLength, 0),
    toFeeds(user, rows) {
      const userRows = toUserRows(inputs, user)
      const feeds = [...inputs.byAlias].map(([alias, input]) => {
        if (!('width' in input)) {
          const { shape, values } = input.toWhole(user)
          return [alias, toTensor(input.spec.dtype, shape, Int32Array.from(values))] as const
        }
        const item = itemSides.get(alias)
        const count = item || inputs.tilesUser ? (rows?.length ?? itemCount) : 1
        return [alias, join(input, { item, user: userRows.get(alias), rows, count })] as const
      })
      return Object.fromEntries(feeds)
    },
    toItemFeeds() {
      const feeds = [...itemSides].map(([alias, { template, constant }]) => {
        const input = inputs.byAlias.get(alias) as RowInput & { readonly spec: TensorSpec }
        return [alias, constant ?? toTensor(input.spec.dtype, rowsShape(itemCount, input), template)]
      })
      return Object.fromEntries(feeds)
    },
    toUserFeeds: (users) => toUserFeeds(inputs, users),
  }
}

function toUserFeeds(inputs: GraphInputs, users: readonly UserSide[]): NamedTensors {
  const rows = users.map((user) => toUserRows(inputs, user))
  const feeds = [...inputs.byAlias].flatMap(([alias, input]) => {
    if (!('width' in input) || input.user === undefined) return []
    const { width, spec } = input
    const values = emptyRows(spec.dtype, users.length * width)
    for (const [u, row] of rows.entries())
      writeUser(values.subarray(u * width, (u + 1) * width), width, row.get(alias)!)
    return [[alias, toTensor(spec.dtype, rowsShape(users.length, input), values)] as const]
  })
  return Object.fromEntries(feeds)
}

function checkSizes({ byAlias }: GraphInputs, itemCount: number): void {
  for (const [alias, input] of byAlias) {
    const width = 'width' in input ? input.width : 0
    if (itemCount * width > maxNumbers) {
      throw new RecserveError(
        'resource_exhausted',
        `the graph takes ${width} numbers in '${alias}' for each of ${itemCount} items: over ${maxNumbers} in all`,
      )
    }
  }
}

/** By alias; nothing for inputs that are of users alone. */
function toItemSides({ byAlias }: GraphInputs, items: number): ReadonlyMap<string, ItemSide> {
  const sides = new Map<string, ItemSide>()
  for (const [alias, input] of byAlias) {
    if (!('width' in input) || input.item === undefined) continue
    const { width, item, user, spec } = input
    const template = emptyRows(spec.dtype, items * width)
    const { columns, values } = item
    for (let r = 0; r < items; r++) {
      for (let c = 0; c < columns.length; c++) {
        template[r * width + columns[c]!] = values[r * columns.length + c]!
      }
    }
    const constant = user ? undefined : toTensor(spec.dtype, rowsShape(items, input), template)
    sides.set(alias, { template, constant })
  }
  return sides
}

/** By alias; nothing for inputs that are of items alone. */
function toUserRows({ byAlias }: GraphInputs, side: UserSide): ReadonlyMap<string, UserRow> {
  const rows = new Map<string, UserRow>()
  for (const [alias, input] of byAlias) {
    if (!('width' in input) || input.user === undefined) continue
    const { columns, toValues } = input.user
    rows.set(alias, { columns, values: toValues(side) })
  }
  return rows
}

interface Sides {
  readonly item: ItemSide | undefined
  readonly user: UserRow | undefined
  /** Of the items. */
  readonly rows: Int32Array | undefined
  /** How many rows the input is fed. */
  readonly count: number
}

/** The user's row in every row of the items'. */
function join(input: RowInput & { readonly spec: TensorSpec }, { item, user, rows, count }: Sides): Tensor {
  if (item?.constant && rows === undefined) return item.constant
  const { width, spec } = input
  const values = item ? itemRows(item.template, width, rows) : emptyRows(spec.dtype, count * width)
  if (user) writeUser(values, width, user)
  return toTensor(spec.dtype, rowsShape(count, input), values)
}

/** A copy of the items' rows. */
function itemRows(template: Numbers, width: number, rows: Int32Array | undefined): Numbers {
  if (rows === undefined) return template.slice()
  const picked =
    template instanceof Float32Array
      ? new Float32Array(rows.length * width)
      : new Int32Array(rows.length * width)
  for (let r = 0; r < rows.length; r++) {
    picked.set(template.subarray(rows[r]! * width, (rows[r]! + 1) * width), r * width)
  }
  return picked
}

/** Writes the user's columns into every row. */
function writeUser(rows: Numbers, width: number, { columns, values }: UserRow): void {
  if (columns === undefined) {
    for (let at = 0; at < rows.length; at += width) rows.set(values, at)
    return
  }
  for (let at = 0; at < rows.length; at += width) {
    for (let c = 0; c < values.length; c++) rows[at + columns[c]!] = values[c]!
  }
}

const emptyRows = (dtype: string, length: number): Numbers =>
  dtype === 'float32' ? new Float32Array(length) : new Int32Array(length)

/** A row of one number is a number where the graph declares so. */
function rowsShape(
  count: number,
  { width, spec }: RowInput & { readonly spec: TensorSpec },
): readonly number[] {
  return spec.shape?.length === 2 || width > 1 ? [count, width] : [count]
}

function toTensor(dtype: string, shape: readonly number[], values: Numbers): Tensor {
  if (values instanceof Float32Array) return tensor('float32', shape, values)
  if (dtype === 'int32') return tensor('int32', shape, values)
  return tensor('int64', shape, BigInt64Array.from(values, BigInt))
}
