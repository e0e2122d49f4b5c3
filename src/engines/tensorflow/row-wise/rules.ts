/** Every rule there is, by op. */
import { axisRules } from './axes.js'
import { elementwiseRules } from './elementwise.js'
import { layoutRules } from './layout.js'
import { lookupRules } from './lookups.js'
import { productRules } from './products.js'
import type { Rule } from './rule.js'
import { sliceRules } from './slices.js'

/** A map, so that no op's name meets what every object has. */
export const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    ...elementwiseRules,
    ...axisRules,
    ...layoutRules,
    ...sliceRules,
    ...lookupRules,
    ...productRules,
  }),
)
