import { inspectPath } from '../inspection.js'
import { toText } from '../inspection-text.js'
import type { Command } from './command.js'

export const inspect: Command<'inspect'> = {
  name: 'inspect',
  summary: 'Tell what a model directory is and whether it can be served',
  arguments: [{ form: '<PATH>', help: 'a model directory, one that holds some, or a RecBole checkpoint' }],
  examples: [
    {
      command: 'recserve inspect ./models/movies-als',
      what: 'kind, algorithm, versions, users, items, memory',
    },
    {
      command: 'recserve inspect ./models/ncf',
      what: 'signatures, dtypes, shapes, ops, and what cannot be served',
    },
    {
      command: 'recserve inspect ./saved/SASRec-Nov-22-2026_13-23-35.pth',
      what: 'of one RecBole checkpoint, where its ids and histories come from, too',
    },
    { command: 'recserve inspect ./models/movies-als --json', what: 'the same for a program' },
  ],

  /** Exit code 1 where nothing below the path can be served. */
  async run([path = ''], { json, savedModelTags }, io) {
    const onWarning = (message: string) => void io.stderr.write(`warning: ${message}\n`)
    const inspections = await inspectPath(path, { tags: savedModelTags, onWarning })
    io.stdout.write(json ? `${JSON.stringify(inspections, undefined, 2)}\n` : toText(inspections))
    return inspections.some(({ servable }) => servable) ? 0 : 1
  },
}
