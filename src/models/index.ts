import { librecoEmbed } from './libreco-embed.js'
import { librecoKnn } from './libreco-knn.js'
import { librecoNative } from './libreco-native.js'
import { librecoOnline } from './libreco-online.js'
import { librecoTf } from './libreco-tf.js'
import type { ModelKind } from './model-kind.js'
import { onnx } from './onnx.js'
import { recbole } from './recbole.js'
import { savedModel } from './saved-model.js'

/** Every kind of model directory, in the order in which they are tried. */
export const modelKinds = [
  librecoKnn,
  librecoEmbed,
  librecoTf,
  librecoOnline,
  librecoNative,
  savedModel,
  onnx,
  recbole,
] as const satisfies readonly ModelKind[]
