/**
 * Ranking a whole catalogue by a graph of LibRecommender's: specialised for the catalogue, and as it is. Prints milliseconds a
 * request, alone and with 16 in flight, with the engine's process and without HTTP; medians of rounds. The fixtures' graphs
 * (300 items) score catalogues of other sizes by repeating their items: as much work as of so many different ones, but tables
 * that stay in the processor's cache. Run: node dist/bench/catalogue.js FIXTURES [ITEMS …], with FIXTURES such as
 * ../shared/fixtures/libreco
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onnx } from '../src/engines/onnx/onnx-engine.js'
import { readNumberTables } from '../src/formats/json-number-tables.js'
import { toFeatures } from '../src/models/libreco/features.js'
import { createGraphFeeds, type GraphFeeds } from '../src/models/libreco/graph-feeds.js'
import { featuresFile, readGraphFolder, signatureOf } from '../src/models/libreco/graph-folder.js'
import { toGraphInputs, type UserSide } from '../src/models/libreco/graph-inputs.js'
import {
  createCatalogueRanker,
  createScorerRanker,
  type GraphRanker,
  openCatalogue,
} from '../src/models/libreco/graph-ranker.js'
import { toUserSide } from '../src/models/libreco/graph-recommender.js'
import { createGraphScorer } from '../src/models/libreco/graph-scorer.js'
import type { Tensor } from '../src/tensor/tensor.js'

const cases = ['tf-ncf', 'tf-deepfm', 'tf-din-pure', 'tf-din', 'tf-transformer']
const concurrencies = [1, 16]
const n = 10
/** A way is measured for so long, and at least twice. */
const measuredMs = 2_000
const minRounds = 2
const maxQueued = 1024
const excluded = Int32Array.from({ length: 100 }, (_, i) => 3 * i)

const [fixtures, ...sizes] = process.argv.slice(2)
if (fixtures === undefined)
  throw new Error('which folder has the graphs? node dist/bench/catalogue.js FIXTURES [ITEMS …]')
const counts = sizes.length > 0 ? sizes.map(Number) : [3_706, 20_000, 100_000]

console.log('graph, items: way, ms a request alone and with 16 in flight; kept bytes an item')
for (const name of cases) for (const count of counts) await compare(name, count)

async function compare(name: string, count: number): Promise<void> {
  const engine = onnx.create({ intraOpThreads: 1 })
  try {
    const { side, plain, special, catalogue } = await open(engine, join(fixtures!, name, 'model'), count)
    const kept = catalogue ? (catalogue.keptBytes / count).toFixed(0) : 'not specialised,'
    for (const [way, ranker] of [
      ['specialised', special],
      ['as it is', plain],
    ] as const) {
      if (ranker === undefined) continue
      const times = []
      for (const inFlight of concurrencies) times.push(await measure(ranker, side, inFlight))
      console.log(`${name}, ${count}: ${way} ${times.map((ms) => ms.toFixed(2)).join(' ')}; ${kept} bytes`)
    }
  } finally {
    await engine.close()
  }
}

async function open(engine: ReturnType<typeof onnx.create>, directory: string, count: number) {
  const { form, algorithm, graph } = (await readGraphFolder(directory))!
  const tables = await readNumberTables(join(directory, featuresFile), {})
  const own = { users: rowsIn(directory, 'user2id.json'), items: rowsIn(directory, 'item2id.json') }
  const features = toFeatures(tables, own)
  const session = await engine.openSavedModel(directory, {
    directory: graph!.directory,
    tags: ['serve'],
    checksums: true,
  })
  const spec = session.signatures.get(signatureOf[form])!
  const inputs = toGraphInputs(spec, { algorithm, features, counts: own })
  const feeds = repeated(createGraphFeeds(inputs, own.items), own.items, count)
  const options = {
    signature: spec.name,
    output: form === 'tf' ? 'logits' : spec.derived![0]!,
    inputs,
    feeds,
  }
  const catalogue = await openCatalogue(session, options)
  const scorer = createGraphScorer({ session, ...options, itemCount: count, maxQueued })
  const population = { users: { size: own.users } } as Parameters<typeof toUserSide>[1]['population']
  const history = Int32Array.from({ length: 40 }, (_, i) => (7 * i) % own.items)
  const { side } = toUserSide(
    { user: 1, state: undefined, sequence: history },
    { population, features, names: undefined },
  )
  return {
    side,
    catalogue,
    plain: createScorerRanker(scorer, inputs.scoresGiven),
    special: catalogue && createCatalogueRanker(catalogue, { feeds, maxQueued }),
  }
}

function rowsIn(directory: string, file: string): number {
  return Object.keys(JSON.parse(readFileSync(join(directory, file), 'utf8'))).length
}

/** Feeds of a catalogue that has the items again and again. */
function repeated(feeds: GraphFeeds, own: number, count: number): GraphFeeds {
  const rows = Int32Array.from({ length: count }, (_, i) => i % own)
  return {
    ...feeds,
    toFeeds: (user, given) => feeds.toFeeds(user, given ?? rows),
    toItemFeeds: () =>
      Object.fromEntries(
        Object.entries(feeds.toItemFeeds()).map(([alias, value]) => [alias, repeat(value, count)]),
      ),
  }
}

function repeat(value: Tensor, count: number): Tensor {
  const [own, ...rest] = value.shape as [number, ...number[]]
  const source = value.data as Float32Array
  const width = source.length / own
  const data = new (source.constructor as Float32ArrayConstructor)(count * width)
  for (let r = 0; r < count; r++)
    data.set(source.subarray((r % own) * width, ((r % own) + 1) * width), r * width)
  return { ...value, shape: [count, ...rest], data } as Tensor
}

/** Milliseconds a request, the median of rounds of so many at once. */
async function measure(ranker: GraphRanker, side: UserSide, inFlight: number): Promise<number> {
  const round = () =>
    Promise.all(
      Array.from({ length: inFlight }, () => ranker.rank(side, { n, excluded, candidates: undefined })),
    )
  await round()
  await round()
  const times: number[] = []
  for (
    const start = performance.now();
    times.length < minRounds || performance.now() - start < measuredMs;
  ) {
    const began = performance.now()
    await round()
    times.push((performance.now() - began) / inFlight)
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!
}
