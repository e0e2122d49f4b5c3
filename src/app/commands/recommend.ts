import { createOneOffEngine } from '../../engines/one-off-engine.js'
import type { RecommendResponse } from '../../service/service.js'
import { findOneModel } from '../one-model.js'
import { createServing } from '../serving.js'
import { readTitles } from '../titles.js'
import type { Command } from './command.js'

export const recommend: Command<'recommend'> = {
  name: 'recommend',
  summary: 'Answer one request from a model directory, without a server',
  arguments: [{ form: '<PATH>', help: 'a model directory, or a RecBole checkpoint' }],
  examples: [
    { command: 'recserve recommend ./models/movies-als --user 1 -n 10', what: 'ten items for user 1' },
    {
      command: 'recserve recommend ./models/movies-als --sequence 480,589',
      what: 'for somebody the model does not know, by what they had',
    },
    {
      command: 'recserve recommend ./models/movies-als --user 1 --titles ./movies.csv',
      what: 'with titles beside the ids',
    },
  ],

  async run([path = ''], options, io) {
    const titles = options.titles === undefined ? undefined : await readTitles(options.titles)
    const version = await findOneModel(path, (warning) => void io.stderr.write(`warning: ${warning}\n`))
    const serving = createServing({ ...options, engine: createOneOffEngine(), onEvent: () => {} })
    try {
      await serving.manager.apply([version])
      const { error } = serving.manager.statuses()[0]!
      if (error) throw error
      const { user, sequence, n, includeConsumed } = options
      const response = await serving.service.recommend({
        model: { model: version.servable.model },
        n,
        includeConsumed,
        ...(user !== undefined && { user }),
        ...(sequence && { sequence }),
      })
      io.stdout.write(options.json ? toJson(response) : toLines(response, titles))
      for (const note of notesOf(response)) io.stderr.write(`${note}\n`)
      return 0
    } finally {
      await serving.close()
    }
  },
}

/** One item a line: id, score and, where titles are given, the title; tab separated. */
function toLines({ items }: RecommendResponse, titles: ReadonlyMap<string, string> | undefined): string {
  return items
    .map(({ item, score }) =>
      [item, score.toPrecision(6), ...(titles ? [titles.get(item) ?? ''] : [])].join('\t'),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function toJson({ servable, unknownItems, ...rest }: RecommendResponse): string {
  const unknown_items = unknownItems === undefined ? {} : { unknown_items: unknownItems }
  return `${JSON.stringify({ ...servable, ...rest, ...unknown_items })}\n`
}

/** What a person should know about the answer. */
function notesOf({ shortfall, fallback, unknownItems, warnings = [] }: RecommendResponse): readonly string[] {
  return [
    ...(fallback ? [`fallback: ${fallback}`] : []),
    ...(shortfall ? [`${shortfall} fewer than asked for: nothing else is left`] : []),
    ...(unknownItems ? [`${unknownItems} of the items are not known to the model`] : []),
    ...warnings,
  ]
}
