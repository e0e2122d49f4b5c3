/** The ids of one version: client's strings to rows of the model's tables and back. */
export interface IdTable {
  readonly size: number
  /** The row of an id, or -1 when the model does not know it. */
  indexOf(id: string): number
  /** The id of a row. Throws on a row outside 0..size-1, which is a bug of the caller. */
  idOf(index: number): string
}

/** An IdTable of explicit ids: `ids[index]` is the id of row `index`. */
export function createIdTable(ids: readonly string[], byId: ReadonlyMap<string, number>): IdTable {
  return {
    size: ids.length,
    indexOf: (id) => byId.get(id) ?? -1,
    idOf(index) {
      const id = ids[index]
      if (id === undefined) throw new Error(`no id for row ${index} of ${ids.length}: this is a bug`)
      return id
    },
  }
}
