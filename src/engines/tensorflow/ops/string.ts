/** Ops on byte strings; the kinds are in string/. */

import type { OpTable } from '../op.js'
import { asStringOps } from './string/as-string.js'
import { base64Ops } from './string/base64.js'
import { csvOps } from './string/csv.js'
import { formatOps } from './string/format.js'
import { hashBucketOps } from './string/hash-buckets.js'
import { joinStringOps } from './string/join.js'
import { ngramOps } from './string/ngrams.js'
import { rawOps } from './string/raw.js'
import { regexOps } from './string/regex-ops.js'
import { splitStringOps } from './string/split.js'
import { substrOps } from './string/substr.js'
import { textOps } from './string/text.js'
import { toNumberOps } from './string/to-number.js'
import { unicodeOps } from './string/unicode.js'
import { unicodeScriptOps } from './string/unicode-script.js'

export const stringOps: OpTable = {
  ...hashBucketOps,
  ...toNumberOps,
  ...asStringOps,
  ...joinStringOps,
  ...splitStringOps,
  ...ngramOps,
  ...textOps,
  ...substrOps,
  ...regexOps,
  ...unicodeOps,
  ...unicodeScriptOps,
  ...base64Ops,
  ...rawOps,
  ...csvOps,
  ...formatOps,
}
