import { librecoEmbed } from './libreco-embed.js'
import { librecoGraph } from './libreco-graph.js'
import { librecoKnn } from './libreco-knn.js'
import type { ModelKind } from './model-kind.js'
import { onnx } from './onnx.js'
import { savedModel } from './saved-model.js'

/** Every kind of model directory, in the order in which they are tried. */
export const modelKinds = [
  librecoKnn,
  librecoEmbed,
  librecoGraph,
  savedModel,
  onnx,
] as const satisfies readonly ModelKind[]
