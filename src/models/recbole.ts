/** RecBole's sequential models: a `.pth` checkpoint, a `saved/` folder of them, or what tools/python/recserve_export.py writes. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RecserveError } from '../core/errors.js'
import { encodeModel } from '../formats/onnx/encode-model.js'
import { createItemSearch, toVectorSource } from './item-vectors.js'
import { asRecommending } from './loaded-model.js'
import type { LoadTools, ModelKind, Recognition } from './model-kind.js'
import type { SequenceModel } from './recbole/architecture.js'
import { architectureOf } from './recbole/architecture-of.js'
import { type RecBoleCheckpoint, readRecBoleCheckpoint } from './recbole/checkpoint.js'
import type { SavedVersion } from './recbole/discovery.js'
import { readExportFolder } from './recbole/export-folder.js'
import { recogniseCheckpoint, recogniseRecBole } from './recbole/model-directory.js'
import { createSequenceEncoder } from './recbole/sequence-encoder.js'
import {
  createCandidateRanker,
  createDistanceRanker,
  createScoreRanker,
  createVectorRanker,
  type SequenceRanker,
  toItemVectors,
} from './recbole/sequence-ranker.js'
import { createSequenceRecommender } from './recbole/sequence-recommender.js'

const kind = 'recbole'

export const recbole: ModelKind = {
  name: kind,

  /** A checkpoint is one, too: of a `saved/` folder, or given by its path. */
  async recognise(directory): Promise<Recognition | undefined> {
    if (await isFile(directory)) {
      const found = await recogniseCheckpoint(directory)
      return found && { kind, parts: [toPart(found, directory)] }
    }
    const found = await recogniseRecBole(directory)
    switch (found?.kind) {
      case undefined:
        return undefined
      case 'export':
        return { kind }
      case 'checkpoint':
        return { kind, algorithm: found.className, version: found.version, ...warningsOf(found) }
      case 'saved':
        return {
          kind,
          parts: found.versions.map((version) => toPart(version, join(directory, version.file))),
          ...warningsOf(found),
        }
    }
  },

  /** @param path of a directory, or of one checkpoint of a `saved/` folder */
  async load(path, tools) {
    const checkpoint = await readCheckpoint(path, tools)
    for (const warning of checkpoint.provenance.warnings) tools.onWarning?.(warning)
    const architecture = architectureOf(checkpoint.className)
    const corrected = tools.preferences?.bert4rec === 'corrected'
    const model = architecture.build({ ...checkpoint, corrected })
    const { ranker, memoryBytes, close } = await open(model, checkpoint, tools)
    const { needsUser } = architecture
    const recommender = createSequenceRecommender({ kind, checkpoint, needsUser, ranker, memoryBytes, close })
    const { ids, history = 'none is known' } = checkpoint.provenance
    return { ...asRecommending(recommender), provenance: { ids, histories: history } }
  },
}

const toPart = ({ file, ...version }: SavedVersion, path: string) => ({ ...version, path })

const warningsOf = ({ warnings }: { readonly warnings?: readonly string[] }) => (warnings ? { warnings } : {})

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

async function readCheckpoint(path: string, tools: LoadTools): Promise<RecBoleCheckpoint> {
  const options = {
    ...(tools.signal && { signal: tools.signal }),
    ...(tools.onProgress && { onProgress: tools.onProgress }),
  }
  if (await isFile(path)) return readRecBoleCheckpoint(path, options)
  const found = await recogniseRecBole(path)
  if (found?.kind === 'export') return readExportFolder(path, options)
  if (found?.kind === 'checkpoint') return readRecBoleCheckpoint(join(path, found.file), options)
  throw new RecserveError('failed_precondition', 'there is not one RecBole checkpoint here')
}

interface Opened {
  readonly ranker: SequenceRanker
  /** What the graph and the vectors keep, about. */
  readonly memoryBytes: number
  close(): Promise<void>
}

/** Sequences in one run at most: more of them answer none of them sooner. */
const maxBatchSize = 64
/** Scores of one run, where the graph gives one for every item. */
const maxScores = 2 ** 22

async function open(
  { encoder, scoring }: SequenceModel,
  { itemCount, maxLength }: RecBoleCheckpoint,
  tools: LoadTools,
): Promise<Opened> {
  const output = scoring.kind === 'vectors' || scoring.kind === 'distance' ? 'query' : 'scores'
  const { inputs, initialisers = {} } = encoder.graph()
  const graphBytes = Object.values(initialisers).reduce(
    (sum, value) => sum + ('data' in value ? value.data.byteLength : 0),
    0,
  )
  const session = await tools.openGraph(() => ({
    onnx: encodeModel({ graph: encoder.graph() }),
    hostOps: [],
    outputs: [output],
    keepsMemory: true,
  }))
  const options = {
    encoder,
    session,
    inputs: inputs.map(({ name }) => name),
    output,
    maxLength,
    maxBatchSize: scoring.kind === 'scores' ? clamp(Math.floor(maxScores / itemCount)) : maxBatchSize,
    maxQueued: tools.maxQueued,
  }
  // In the inference process, too.
  const opened = { memoryBytes: 2 * graphBytes, close: () => session.close() }
  if (scoring.kind === 'candidates') {
    return { ...opened, ranker: createCandidateRanker({ ...options, itemCount }) }
  }
  const sequences = createSequenceEncoder(options)
  if (scoring.kind === 'scores') return { ...opened, ranker: createScoreRanker(sequences) }
  if (scoring.kind === 'distance') return { ...opened, ranker: createDistanceRanker(sequences, scoring) }
  const vectors = toItemVectors(scoring)
  try {
    const search = createItemSearch(vectors, await tools.buildIndex(toVectorSource(vectors)))
    return {
      ranker: createVectorRanker(sequences, { search, hasBias: vectors.hasBias }),
      memoryBytes: opened.memoryBytes + 2 * vectors.matrix.values.byteLength,
      async close() {
        await search.close()
        await session.close()
      },
    }
  } catch (error) {
    await session.close()
    throw error
  }
}

const clamp = (size: number): number => Math.max(1, Math.min(maxBatchSize, size))
