import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { localHost } from '../serve-plan.js'
import { runServer } from '../server.js'
import { readTitles } from '../titles.js'
import type { Command, Io } from './command.js'

/** In the package as in the project, seen from dist/src/app/commands. */
const demoDirectory = fileURLToPath(new URL('../../../../examples/demo', import.meta.url))

export const demo: Command<'demo'> = {
  name: 'demo',
  summary: 'Serve the packaged demo models and print requests to try',
  arguments: [],
  examples: [
    { command: 'recserve demo', what: 'on http://127.0.0.1:8501' },
    { command: 'recserve demo --http-port 0', what: 'on any free port' },
  ],
  run: (_paths, options, io) =>
    runServer({
      paths: [demoDirectory],
      address: { host: options.host ?? localHost, port: options.httpPort, portFlag: '--http-port' },
      threads: { intraOpThreads: options.inferenceThreads ?? 1, interOpThreads: 1 },
      options,
      io,
      onLoaded: (url) => showExamples(url, io),
    }),
}

interface Example {
  readonly what: string
  /** What a person would type. */
  readonly curl: (url: string) => string
  readonly ask: (url: string) => Promise<Response>
}

const knownReader = '/v1/recommend/books-als/5017?n=5'
const newReader = { sequence: ['1030', '1037', '1041'], n: 5 }
const newReaderPath = '/v1/recommend/books-itemcf'
const sequenceReader = { ...newReader, exclude_sequence: true }
const sequenceReaderPath = '/v1/recommend/books-rnn4rec'

const examples: readonly Example[] = [
  {
    what: 'Reader 5017 likes fantasy. Five books they have not had yet, by ALS:',
    curl: (url) => `curl '${url}${knownReader}'`,
    ask: (url) => fetch(url + knownReader),
  },
  {
    what: 'Somebody new has just read three crime novels. Five more, by ItemCF:',
    curl: (url) => `curl ${url}${newReaderPath} -d '${JSON.stringify(newReader)}'`,
    ask: (url) => fetch(url + newReaderPath, { method: 'POST', body: JSON.stringify(newReader) }),
  },
  {
    what: 'The same, by RNN4Rec, to which the order matters and which may recommend again what was read unless told not to:',
    curl: (url) => `curl ${url}${sequenceReaderPath} -d '${JSON.stringify(sequenceReader)}'`,
    ask: (url) => fetch(url + sequenceReaderPath, { method: 'POST', body: JSON.stringify(sequenceReader) }),
  },
]

/** Really sends the requests that it shows. */
async function showExamples(url: string, { stderr }: Io): Promise<void> {
  const titles = await readTitles(join(demoDirectory, 'items.csv'))
  for (const { what, curl, ask } of examples) {
    const answer = await (await ask(url)).text()
    const { items } = JSON.parse(answer) as { items: { item: string }[] }
    const books = items.map(({ item }) => `  ${item}  ${titles.get(item) ?? ''}`)
    stderr.write(`\n${what}\n\n  ${curl(url)}\n\n${answer}\n\n${books.join('\n')}\n`)
  }
  stderr.write(`\nServing on ${url} until Ctrl-C. More to try: ${url}/readyz, ${url}/metrics\n`)
}
