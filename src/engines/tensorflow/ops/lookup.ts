/** Lookup tables: values by key, vocabularies above all; the kinds of op are in lookup/. */
import type { StatefulOpTable } from '../op.js'
import { tableCreationOps } from './lookup/creation.js'
import { tableUseOps } from './lookup/use.js'

export const lookupOps: StatefulOpTable = { ...tableCreationOps, ...tableUseOps }
