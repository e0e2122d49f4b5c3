/** What a case of the op table holds (shared/fixtures/tensorflow/README.md, "Format"). */

export interface RecordedTensor {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | string | boolean)[]
  /** Strings are base64. */
  readonly b64?: boolean
}

type RecordedAttribute = Readonly<Record<string, unknown>>

export interface OpCase {
  readonly op: string
  readonly attrs: Readonly<Record<string, RecordedAttribute>>
  readonly inputs: readonly RecordedTensor[]
  readonly outputs?: readonly RecordedTensor[]
  readonly error?: { readonly code: string; readonly message: string | null }
  readonly note?: string
  /** A whole graph in base64: such cases are the executor's. */
  readonly graph?: string
}
