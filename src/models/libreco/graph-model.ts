/** Loads what `save_tf` and `save_online` write: a graph, and the ids, histories and features that it was trained with. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec } from '../../core/signature.js'
import type { GraphSession } from '../../engines/engine.js'
import { readNumberTables } from '../../formats/json-number-tables.js'
import { asPredicting, type LoadedModel } from '../loaded-model.js'
import type { LoadTools, ModelKind } from '../model-kind.js'
import { openExport, type Population, populationFiles, readPopulation } from './export.js'
import { type FeatureNames, readFeatureNames } from './feature-names.js'
import { type Features, toFeatures } from './features.js'
import { createGraphFeeds } from './graph-feeds.js'
import {
  featuresFile,
  type GraphForm,
  type GraphVersion,
  readGraphFolder,
  signatureOf,
} from './graph-folder.js'
import { toGraphInputs } from './graph-inputs.js'
import { createCatalogueRanker, createScorerRanker, openCatalogue } from './graph-ranker.js'
import { createGraphRecommender, toUserSide } from './graph-recommender.js'
import { createGraphScorer } from './graph-scorer.js'

/** What the folder says, the graph apart. */
interface Export {
  readonly algorithm: string
  readonly form: GraphForm
  readonly population: Population
  readonly features: Features
  readonly names: FeatureNames | undefined
}

/** The kind of the folders that one of the two exporters writes. */
export function graphKind(form: GraphForm): ModelKind {
  const kind = `libreco-${form}`
  return {
    name: kind,

    async recognise(directory) {
      const folder = await readGraphFolder(directory)
      if (folder?.form !== form) return undefined
      const { algorithm, graph } = folder
      return { kind, algorithm, ...(graph && { version: graph.version }) }
    },

    async load(directory, tools) {
      const { algorithm, graph } = (await readGraphFolder(directory)) ?? {}
      if (algorithm === undefined || graph === undefined) {
        const place = `${algorithm?.toLowerCase() ?? '<algorithm>'}/<version>/saved_model.pb`
        throw new RecserveError(
          'not_found',
          `${place}: no such file; save_${form} writes it beside ${featuresFile}`,
        )
      }
      const exported = await readExport(directory, { algorithm, form }, tools)
      const session = await tools.openSavedModel(graph.directory)
      try {
        return await createGraphModel(exported, { kind, graph, session, maxQueued: tools.maxQueued })
      } catch (error) {
        await session.close()
        throw error
      }
    },
  }
}

async function readExport(
  directory: string,
  { algorithm, form }: Pick<Export, 'algorithm' | 'form'>,
  tools: LoadTools,
): Promise<Export> {
  const reader = await openExport(directory, [...populationFiles, featuresFile], tools)
  const population = await readPopulation(reader)
  const tables = await reader.read(featuresFile, readNumberTables)
  const features = toFeatures(tables, { users: population.users.size, items: population.catalog.size })
  const widths = {
    sparse: features.sparse.user?.columns.length ?? 0,
    dense: features.dense.user?.columns.length ?? 0,
  }
  const names = form === 'online' ? await readFeatureNames(directory, widths) : undefined
  return { algorithm, form, population, features, names }
}

interface Opened {
  readonly kind: string
  readonly graph: GraphVersion
  readonly session: GraphSession
  readonly maxQueued: number
}

async function createGraphModel(
  exported: Export,
  { kind, graph, session, maxQueued }: Opened,
): Promise<LoadedModel> {
  const { algorithm, form, population, features, names } = exported
  const { users, catalog } = population
  const spec = signatureIn(session, form)
  refuseIncomplete(spec, algorithm, form)
  const inputs = toGraphInputs(spec, {
    algorithm,
    features,
    counts: { users: users.size, items: catalog.size },
  })
  const feeds = createGraphFeeds(inputs, catalog.size)
  const asked = { signature: spec.name, output: scoresOf(spec, form), inputs, feeds }
  const catalogue = await openCatalogue(session, asked)
  const ranker = catalogue
    ? createCatalogueRanker(catalogue, { feeds, maxQueued })
    : createScorerRanker(
        createGraphScorer({ session, ...asked, itemCount: catalog.size, maxQueued }),
        inputs.scoresGiven,
      )
  // The first run shows whether the graph runs from these inputs at all, and spares the first request its preparation.
  const { side } = toUserSide({ user: -1, state: undefined, sequence: undefined }, exported)
  await ranker.rank(side, { n: 1, excluded: new Int32Array(0), candidates: undefined })
  const summary = {
    kind,
    algorithm,
    users: users.size,
    items: catalog.size,
    signatures: session.signatures.size,
    memoryBytes:
      population.memoryBytes +
      feeds.memoryBytes +
      bytesOf(features) +
      (catalogue?.keptBytes ?? 0) +
      (await bytesBelow(join(graph.directory, 'variables'))),
  }
  const close = () => session.close()
  const recommender = createGraphRecommender({ summary, population, features, names, inputs, ranker, close })
  return { ...asPredicting(kind, session), summary, recommender, close }
}

/** @throws RecserveError where the graph has no such signature, or it cannot run */
function signatureIn({ signatures, unservable }: GraphSession, form: GraphForm): SignatureSpec {
  const name = signatureOf[form]
  const spec = signatures.get(name)
  if (spec) return spec
  const found = [...signatures.keys()].map((key) => `'${key}'`).join(', ')
  throw new RecserveError(
    'failed_precondition',
    `the graph has no signature '${name}', which save_${form} writes: ${unservable.get(name) ?? `it has ${found}`}`,
  )
}

/** Alias of the output that is a score for each item: logits, before any sigmoid or clipping. */
function scoresOf({ outputs, derived = [] }: SignatureSpec, form: GraphForm): string {
  if (form === 'online') {
    if (derived[0] !== undefined) return derived[0]
    throw new RecserveError(
      'failed_precondition',
      "the output of the signature 'topk' is not what a TopKV2 has chosen: there are no scores to rank by",
    )
  }
  if (outputs.has('logits')) return 'logits'
  const found = [...outputs.keys()].join(', ')
  throw new RecserveError(
    'failed_precondition',
    `the signature 'predict' has no output 'logits'; it has ${found}`,
  )
}

/** Inputs without which an algorithm cannot run, and that not every exporter of LibRecommender 1.5.2 writes. */
const sequenceInputs: Readonly<Record<string, readonly string[]>> = {
  Transformer: ['user_interacted_seq', 'user_interacted_len'],
  SIM: ['long_seqs', 'long_seq_lens', 'short_seqs', 'short_seq_lens'],
}

/** @throws RecserveError `failed_precondition` that says how to export the model */
function refuseIncomplete({ name, inputs }: SignatureSpec, algorithm: string, form: GraphForm): void {
  const needed = Object.hasOwn(sequenceInputs, algorithm) ? sequenceInputs[algorithm]! : []
  const missing = needed.filter((alias) => !inputs.has(alias))
  if (missing.length === 0) return
  const remedy =
    algorithm === 'Transformer'
      ? 'export it with save_online, which writes them'
      : `neither save_tf nor save_online of LibRecommender 1.5.2 writes them: add them to the signature '${name}' (docs/from-libserving.md, "Transformer and SIM")`
  throw new RecserveError(
    'failed_precondition',
    `save_${form} left the inputs ${missing.join(', ')} of ${algorithm} out of the signature '${name}', so the graph cannot run; ${remedy}`,
  )
}

function bytesOf({ sparse, dense }: Features): number {
  return [sparse.user, sparse.item, dense.user, dense.item].reduce(
    (sum, side) => sum + (side?.values.byteLength ?? 0),
    0,
  )
}

async function bytesBelow(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => [])
  const sizes = names.map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
