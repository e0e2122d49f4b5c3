/** The ids of one version: client's strings to rows of the model's tables and back. */
export interface IdTable {
  readonly size: number
  /** The row of an id, or -1 when the model does not know it. */
  indexOf(id: string): number
  /** The id of a row in 0..size-1. */
  idOf(index: number): string
}

/** An IdTable over a map whose values are exactly 0..size-1, each once (its reader has checked that). */
export function createIdTable(byId: ReadonlyMap<string, number>): IdTable {
  const ids = new Array<string>(byId.size)
  for (const [id, index] of byId) ids[index] = id
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
