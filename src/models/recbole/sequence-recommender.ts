/** A sequential model as the service asks it: users and items by row, `[PAD]` left out. */
import { createIdTable, type IdTable } from '../../core/catalog.js'
import type { UserSnapshot } from '../../core/user.js'
import { type RaggedInt32, raggedRow } from '../../tensor/ragged.js'
import type { Recommender } from '../recommender.js'
import type { RecBoleCheckpoint } from './checkpoint.js'
import type { SequenceRanker } from './sequence-ranker.js'

export interface SequenceRecommenderOptions {
  readonly kind: string
  readonly checkpoint: Pick<RecBoleCheckpoint, 'className' | 'ids' | 'history' | 'maxLength'>
  readonly needsUser: boolean
  readonly ranker: SequenceRanker
  readonly memoryBytes: number
  readonly close: () => Promise<void>
}

/** Rows here are RecBole's internal ids less one: its id 0 is the padding. A known user without a sequence has their history. */
export function createSequenceRecommender(options: SequenceRecommenderOptions): Recommender {
  const { checkpoint, needsUser, ranker } = options
  const { className, ids, maxLength } = checkpoint
  const catalog = withoutPadding(ids.items)
  const users = ids.users ? withoutPadding(ids.users) : createIdTable(new Map())
  const history = checkpoint.history && toRows(checkpoint.history)
  return {
    summary: {
      kind: options.kind,
      algorithm: className,
      users: users.size,
      items: catalog.size,
      memoryBytes:
        options.memoryBytes + (history ? history.values.byteLength + history.offsets.byteLength : 0),
    },
    users,
    catalog,
    sequenceUse: 'everyone',
    needsUser,
    reads: ['consumed'],
    snapshot: snapshotOf(users, history),
    popularity: countOccurrences(history, catalog.size),

    rank({ user, state, sequence = state?.consumed }, rankOptions) {
      if (!sequence?.length || (needsUser && user === -1)) return undefined
      const latest = sequence.subarray(-maxLength).map((row) => row + 1)
      return ranker.rank({ sequence: latest, user: user + 1 }, rankOptions)
    },

    similar: (item, similarOptions) => ranker.similar?.(item, similarOptions),

    close: options.close,
  }
}

function withoutPadding({ size, indexOf, idOf }: IdTable): IdTable {
  return {
    size: size - 1,
    // The padding's own token is nobody's id: 0 less one is unknown.
    indexOf: (id) => Math.max(-1, indexOf(id) - 1),
    idOf: (row) => idOf(row + 1),
  }
}

/** Row = user, values = catalog rows. */
function toRows({ offsets, values }: RaggedInt32): RaggedInt32 {
  return { offsets: offsets.subarray(1), values: values.map((item) => item - 1) }
}

function snapshotOf(users: IdTable, history: RaggedInt32 | undefined): UserSnapshot {
  return {
    read(user) {
      const row = users.indexOf(user)
      return row === -1 ? undefined : { consumed: history ? raggedRow(history, row) : new Int32Array(0) }
    },
  }
}

function countOccurrences(history: RaggedInt32 | undefined, size: number): Int32Array {
  const counts = new Int32Array(size)
  for (const row of history?.values ?? []) if (row >= 0) counts[row]!++
  return counts
}
