/** One caller's wait, handed down from the wire to whoever may wait long. */
export interface Call {
  /** Fires when the caller has left or may wait no longer. Read it only where it is used: it is made on being read. */
  readonly signal?: AbortSignal | undefined
}
