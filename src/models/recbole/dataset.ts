/** A RecBole data set as recserve keeps it, whatever it was read from. */
import type { Matrix } from '../../tensor/matrix.js'
import type { Feature } from './architecture.js'

/** Internal id 0 in every field, and what it is called. */
export const paddingToken = '[PAD]'

/** What happened, row by row; in internal ids. */
export interface Interactions {
  readonly users: Int32Array
  readonly items: Int32Array
  /** As RecBole sorts by them: after filling and scaling. Undefined: rows are in order already. */
  readonly times: Float64Array | undefined
}

export interface RecBoleDataset {
  /** Where it is from, for messages: `mini.inter`, `mini-Dataset.pth`. */
  readonly source: string
  /** Tokens of every field of tokens by internal id; `[PAD]` is the first of each. */
  readonly tokens: ReadonlyMap<string, readonly string[]>
  /** Undefined where only the tokens are known. */
  readonly interactions: Interactions | undefined
  /** Whether the interactions are those of training alone, so that the last ones of most users are missing. */
  readonly isTrainingPart: boolean
  /** By internal item id, in the order of the item file's fields; undefined where the source does not have them. */
  readonly itemFeatures: (() => readonly Feature[]) | undefined
  /** By internal user id, in the order of the user file's fields; undefined where the source does not have them. */
  readonly userFeatures: (() => readonly Feature[]) | undefined
  /** Vectors loaded together with the relations of the knowledge graph, by relation id. */
  readonly relationVectors: Matrix | undefined
}
