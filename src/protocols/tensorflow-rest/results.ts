/** `:classify` and `:regress`: the walk from a body of examples to a body of results. */
import { RecserveError } from '../../core/errors.js'
import { shortened } from '../../formats/tensorflow-json/debug-text.js'
import { type ExamplesRequest, parseExamplesRequest } from '../../formats/tensorflow-json/examples-request.js'
import { encodeClassifications, encodeRegressions } from '../../formats/tensorflow-json/results-response.js'
import type { Service } from '../../service/service.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { notServed, specOf } from './model-spec.js'
import type { ModelPath } from './path.js'
import { type Answer, defaultSignature, type PredictCall } from './predict.js'
import { examplesInput, outputsOf } from './result-signature.js'
import { enumName } from './status-body.js'
import { askOrSuccessor } from './successor.js'

type Outputs = ReadonlyMap<string, AnyTensor>

export interface ResultsCall extends PredictCall {
  readonly method: 'classify' | 'regress'
  /** Most bytes that the examples of a request may come to. */
  readonly maxExampleBytes: number
}

/** @throws RecserveError in the original's order: all of the body, model and version, signature, answer */
export async function results(service: Service, path: ModelPath, call: ResultsCall): Promise<Answer> {
  const request = parseExamplesRequest(call.body, { method: call.method, maxBytes: call.maxExampleBytes })
  return askOrSuccessor(path, () => ask(service, path, { ...call, request }))
}

async function ask(
  service: Service,
  path: ModelPath,
  { method, request, call }: ResultsCall & { readonly request: ExamplesRequest },
): Promise<Answer> {
  const asked = await service.signatures(specOf(path)).catch((thrown) => notServed(thrown, path))
  const { servable, signatures } = asked
  const name = request.signatureName ?? defaultSignature
  const signature = signatures.find((one) => one.name === name)
  if (!signature) invalid(`No signature was found with the name: ${shortened(name)}`)
  const { examples } = request
  const { outputs } = await service
    .predict(
      {
        model: servable,
        signature: name,
        inputs: new Map([[examplesInput, examples]]),
        outputFilter: outputsOf(signature, method),
      },
      call,
    )
    .catch((thrown) => notServed(thrown, path))
  const count = examples.data.length
  const body = method === 'classify' ? classificationsBody(outputs, count) : regressionsBody(outputs, count)
  return { body, version: servable.version }
}

/** As servables/tensorflow/classifier.cc, PostProcessClassificationResult. */
function classificationsBody(outputs: Outputs, examples: number): Buffer {
  const classes = outputs.get('classes')
  const scores = outputs.get('scores')
  for (const [name, output, dtype] of [
    ['classes', classes, 'string'],
    ['scores', scores, 'float32'],
  ] as const) {
    if (output) checkClasses(name, output, { dtype, examples })
  }
  const [own, other] = [classes?.shape[1], scores?.shape[1]]
  if (own !== undefined && other !== undefined && own !== other) {
    invalid(`Tensors class and score should match in dim_size(1). Got ${own} vs. ${other}`)
  }
  return encodeClassifications({
    examples,
    classes: own ?? other ?? 0,
    ...(classes?.dtype === 'string' && { labels: classes.data }),
    ...(scores?.dtype === 'float32' && { scores: scores.data as Float32Array }),
  })
}

function checkClasses(
  name: 'classes' | 'scores',
  { shape, dtype }: AnyTensor,
  expected: { readonly dtype: string; readonly examples: number },
): void {
  if (shape.length !== 2) invalid(`Expected Tensor shape: [batch_size num_classes] but got [${shape}]`)
  if (dtype !== expected.dtype) {
    invalid(`Expected ${name} Tensor of ${enumName(expected.dtype)}. Got: ${enumName(dtype)}`)
  }
  if (shape[0] !== expected.examples) {
    invalid(`Expected ${name} output batch size of ${expected.examples}. Got: ${shape[0]}`)
  }
}

/** As servables/tensorflow/regressor.cc, PostProcessRegressionResult. */
function regressionsBody(outputs: Outputs, examples: number): Buffer {
  const { shape, dtype, data } = outputs.get('outputs')!
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    invalid(`Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [${shape}]`)
  }
  if (shape[0] !== examples) {
    invalid(`Input batch size did not match output batch size: ${examples} vs. ${shape[0]}`)
  }
  if (dtype !== 'float32') invalid(`Expected output Tensor of DT_FLOAT.  Got: ${enumName(dtype)}`)
  return encodeRegressions(data as Float32Array)
}

function invalid(message: string): never {
  throw new RecserveError('invalid_argument', message)
}
