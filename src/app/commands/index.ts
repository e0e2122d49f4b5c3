/** The commands there are, in the order `--help` shows them. */
import type { Command } from './command.js'
import { demo } from './demo.js'
import { inspect } from './inspect.js'
import { predict } from './predict.js'
import { recommend } from './recommend.js'
import { serve } from './serve.js'

export const commands = [serve, demo, inspect, recommend, predict] as const satisfies readonly Command[]
