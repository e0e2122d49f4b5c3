import { fileSystem } from './file-system-source.js'
import type { SourceKind } from './source.js'

/** The kinds of source there are; the first is the default. */
export const sourceKinds = [fileSystem] as const satisfies readonly SourceKind[]
