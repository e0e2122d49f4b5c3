/** Small ONNX models: some by our own writer, some with what it does not write. */
import protobuf from 'protobufjs/minimal.js'
import { encodeModel } from '../src/formats/onnx/encode-model.js'
import { tensor } from '../src/tensor/tensor.js'

/** y = relu(x w + b), z = the greatest column of y: x is [n, 2]. */
export function perceptron(opset: number): Uint8Array {
  return encodeModel({
    opset,
    graph: {
      name: 'perceptron',
      nodes: [
        { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['h'] },
        { op: 'Relu', inputs: ['h'], outputs: ['y'] },
        {
          op: 'ArgMax',
          inputs: ['y'],
          outputs: ['z'],
          attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
        },
      ],
      inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 2] }],
      outputs: [
        { name: 'y', dtype: 'float32', shape: ['n', 3] },
        { name: 'z', dtype: 'int64', shape: ['n'] },
      ],
      initialisers: {
        w: tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
        b: tensor('float32', [3], Float32Array.of(0, 0, -100)),
      },
    },
  })
}

type Write = (out: protobuf.Writer) => void

const inside =
  (field: number, ...parts: readonly Write[]): Write =>
  (out) => {
    out.uint32(field * 8 + 2).fork()
    for (const part of parts) part(out)
    out.ldelim()
  }
const text =
  (field: number, value: string): Write =>
  (out) =>
    out.uint32(field * 8 + 2).string(value)
const int =
  (field: number, value: number): Write =>
  (out) =>
    out.uint32(field * 8).int64(value)
const entry = (key: string, value: string) => inside(13, text(1, key), text(2, value))
const value = (field: number, name: string, type: number) =>
  inside(field, text(1, name), inside(2, inside(1, int(1, type), inside(2, inside(1, text(2, 'n'))))))

function model(...graph: readonly Write[]): Uint8Array {
  const out = protobuf.Writer.create()
  int(1, 8)(out)
  inside(7, text(2, 'a graph'), ...graph)(out)
  inside(8, text(1, ''), int(2, 17))(out)
  return out.finish()
}

/** Six floats that lie elsewhere. */
const external = (field: number, location: string) =>
  inside(
    field,
    ...[int(1, 6), int(2, 1), text(8, 'w')],
    ...[entry('location', location), entry('offset', '0'), entry('length', '24'), int(14, 1)],
  )

/** y = w[ids], of six numbers that lie in a file beside the model. */
export function modelWithExternalData(location: string): Uint8Array {
  return model(
    inside(1, text(1, 'w'), text(1, 'ids'), text(2, 'y'), text(4, 'Gather')),
    external(5, location),
    value(11, 'ids', 7),
    value(12, 'y', 1),
  )
}

/** The same in the constant of a graph within a node's attribute. */
export function modelWithInnerExternalData(location: string): Uint8Array {
  const constant = inside(
    1,
    text(2, 'c'),
    text(4, 'Constant'),
    inside(5, text(1, 'value'), external(5, location)),
  )
  return model(inside(1, text(4, 'If'), inside(5, text(1, 'then_branch'), inside(6, constant))))
}

/** y = x, of an element type by its number. */
export function identityModel(type: number): Uint8Array {
  return model(
    inside(1, text(1, 'x'), text(2, 'y'), text(4, 'Identity')),
    value(11, 'x', type),
    value(12, 'y', type),
  )
}
