/** Parts of a user's state that a model may declare it reads (its `reads`). */
export type UserField = 'consumed'

/** What is known of one user at the moment of a request, in the row numbers of one model version. */
export interface UserState {
  /** Items the user has already had, as catalog rows, oldest first; may repeat. */
  readonly consumed: Int32Array
}

/** The user state a model version was exported with. Read-only: one row per known user. */
export interface UserSnapshot {
  /** The state of a user by id, or undefined when the model does not know the user. */
  read(user: string): UserState | undefined
}

/** What a request says of its user, by feature name: text or a number. */
export type UserFeatures = Readonly<Record<string, string | number>>
