import { RecserveError } from '../../../core/errors.js'
import type { GraphBuilder } from '../../../formats/onnx/graph-builder.js'

type Writer = (graph: GraphBuilder, x: string) => string

const timesSigmoid: Writer = (graph, x) => graph.emit('Mul', [x, graph.emit('Sigmoid', [x])])

/** `hidden_act` of RecBole's feed-forward layers (recbole/model/layers.py, FeedForward). */
const hiddenActivations: Readonly<Record<string, Writer>> = {
  // Exact: x/2 · (1 + erf(x/√2)).
  gelu: (graph, x) => graph.emit('Gelu', [x]),
  relu: (graph, x) => graph.emit('Relu', [x]),
  swish: timesSigmoid,
  tanh: (graph, x) => graph.emit('Tanh', [x]),
  sigmoid: (graph, x) => graph.emit('Sigmoid', [x]),
}

/** Activations of RecBole's MLPLayers (recbole/model/layers.py, activation_layer), which lower-cases the name. */
const layerActivations: Readonly<Record<string, Writer>> = {
  sigmoid: (graph, x) => graph.emit('Sigmoid', [x]),
  tanh: (graph, x) => graph.emit('Tanh', [x]),
  relu: (graph, x) => graph.emit('Relu', [x]),
  leakyrelu: (graph, x) => graph.emit('LeakyRelu', [x], { alpha: { float: 0.01 } }),
  // Its alpha is a constant zero, neither trained nor saved.
  dice: timesSigmoid,
  none: (_graph, x) => x,
}

/** @throws RecserveError `unimplemented` for a name RecBole's feed-forward layers do not know */
export function hiddenActivation(graph: GraphBuilder, name: string, x: string): string {
  return writerOf(hiddenActivations, name, 'hidden_act')(graph, x)
}

/** @throws RecserveError `unimplemented` for a name RecBole's MLPLayers do not know */
export function layerActivation(graph: GraphBuilder, name: string, x: string): string {
  return writerOf(layerActivations, name.toLowerCase(), 'activation')(graph, x)
}

function writerOf(writers: Readonly<Record<string, Writer>>, name: string, setting: string): Writer {
  if (Object.hasOwn(writers, name)) return writers[name]!
  throw new RecserveError(
    'unimplemented',
    `the model's ${setting} is '${name}'; it can be one of ${Object.keys(writers).join(', ')}`,
  )
}
