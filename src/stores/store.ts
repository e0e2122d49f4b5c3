/** What is known of users, read in one round trip: the front door of `stores/`. */
import type { ServableId } from '../core/servable.js'
import type { UserField, UserSnapshot, UserState } from '../core/user.js'

/** One way to keep user state: a line in `stores/index.ts`. */
export interface StoreKind {
  readonly name: string
  create(): Store
}

export interface Store {
  readonly name: string
  /** Takes in the users a model version was exported with; called once before the version serves. */
  attach(servable: ServableId, snapshot: UserSnapshot): void
  detach(servable: ServableId): void
  /** Everything in `reads` of one user in one round trip; undefined when the version does not know the user. */
  readUser(
    servable: ServableId,
    user: string,
    reads: readonly UserField[],
  ): UserState | undefined | Promise<UserState | undefined>
  close(): Promise<void>
}
