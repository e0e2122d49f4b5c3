/** Scores of all items for requests to an architecture, whatever form it gives them in. */

import { type OpenedGraph, openGraph } from '../../src/engines/onnx/open-graph.js'
import { loadRuntime } from '../../src/engines/onnx/runtime.js'
import { oneThread } from '../../src/engines/onnx/threads.js'
import { encodeModel } from '../../src/formats/onnx/encode-model.js'
import type {
  ArchitectureContext,
  EncoderQuery,
  SequenceModel,
} from '../../src/models/recbole/architecture.js'
import { toFeeds } from '../../src/models/recbole/sequence-encoder.js'
import type { Matrix } from '../../src/tensor/matrix.js'
import { tensor } from '../../src/tensor/tensor.js'

export interface ScoredModel {
  /** Scores by internal id of each request, all of them in one run of the graph. */
  scores(queries: readonly EncoderQuery[]): readonly Float32Array[]
  /** Scores of the candidates of one request. */
  candidateScores(query: EncoderQuery, candidates: readonly number[]): Float32Array
  close(): void
}

export function openScored(model: SequenceModel, { maxLength, itemCount }: ArchitectureContext): ScoredModel {
  const { encoder, scoring } = model
  const graph = encoder.graph()
  const output = graph.outputs[0]!.name
  const opened: OpenedGraph = openGraph(
    { onnx: encodeModel({ graph }), hostOps: [], outputs: [output] },
    loadRuntime(),
    { threads: oneThread },
  )
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => name !== 'candidates')

  function rows(queries: readonly EncoderQuery[]): readonly Float32Array[] {
    const { data, shape } = opened.run(toFeeds(queries, { encoder, inputs, maxLength }))[output]!
    const width = shape.at(-1)!
    return queries.map((_, b) => (data as Float32Array).subarray(b * width, (b + 1) * width))
  }

  function candidateScores(query: EncoderQuery, candidates: readonly number[]): Float32Array {
    const ids = tensor('int64', [candidates.length], BigInt64Array.from(candidates, BigInt))
    const feeds = toFeeds([query], { encoder, inputs, maxLength })
    return opened.run({ ...feeds, candidates: ids })[output]!.data as Float32Array
  }

  const all = Array.from({ length: itemCount }, (_, id) => id)
  return {
    candidateScores,
    close: () => opened.close(),
    scores(queries) {
      if (scoring.kind === 'candidates') return queries.map((query) => candidateScores(query, all))
      if (scoring.kind === 'scores') return rows(queries)
      return rows(queries).map((query) => toScores(query, scoring))
    },
  }
}

function toScores(
  query: Float32Array,
  scoring: Extract<SequenceModel['scoring'], { vectors: Matrix }>,
): Float32Array {
  const { vectors, bias } = scoring
  const scores = new Float32Array(vectors.rows)
  for (let i = 0; i < vectors.rows; i++) {
    let dot = 0
    let square = 0
    for (let d = 0; d < vectors.columns; d++) {
      const value = vectors.values[i * vectors.columns + d]!
      dot += query[d]! * value
      square += (query[d]! - value) ** 2
    }
    scores[i] = (scoring.kind === 'distance' ? -Math.sqrt(square) : dot) + (bias?.[i] ?? 0)
  }
  return scores
}
