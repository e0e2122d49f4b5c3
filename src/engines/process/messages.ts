/** What the two processes say to each other: the headers of the frames. Answers come in the order of the requests. */
import { type Code, codes } from '../../core/errors.js'
import type { SignatureSpec, TensorSpec } from '../../core/signature.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import type { CatalogueRequest, Graph, HostOpNode, OnnxFiles, Placement, SavedModelFiles } from '../engine.js'

export type Request =
  | {
      readonly kind: 'open'
      readonly id: number
      readonly session: number
      readonly hostOps: readonly Omit<HostOpNode, 'constants'>[]
      readonly outputs: readonly string[]
      readonly keepsMemory?: boolean
    }
  | ({ readonly kind: 'open_saved_model'; readonly id: number; readonly session: number } & SavedModelFiles)
  | ({ readonly kind: 'open_onnx_model'; readonly id: number; readonly session: number } & OnnxFiles)
  | ({
      readonly kind: 'specialise'
      readonly id: number
      readonly session: number
      /** Session of the model. */
      readonly model: number
      readonly maxBytes: number
    } & Omit<CatalogueRequest, 'items'>)
  | {
      readonly kind: 'run'
      readonly id: number
      readonly session: number
      /** Of a session with signatures only. */
      readonly signature?: string
      readonly outputs?: readonly string[]
      /** How long the run may take before it is given up in good order. */
      readonly budgetMs?: number
    }
  | { readonly kind: 'close'; readonly id: number; readonly session: number }

/** What a model of signatures can be asked, as JSON carries it: maps as lists of entries. */
export interface OpenedModel {
  readonly signatures: readonly (Omit<SignatureSpec, 'inputs' | 'outputs'> & {
    readonly inputs: readonly (readonly [string, TensorSpec])[]
    readonly outputs: readonly (readonly [string, TensorSpec])[]
  })[]
  readonly unservable: readonly (readonly [string, string])[]
  readonly placement?: Placement
  /** Whether its signatures can be specialised for a catalogue. */
  readonly specialises?: boolean
  /** Of `specialise` only. */
  readonly catalogue?: { readonly itemCount: number; readonly keptBytes: number }
}

export type Answer =
  | {
      readonly kind: 'done'
      readonly id: number
      /** Of `open_saved_model`, `open_onnx_model` and `specialise` only. */
      readonly opened?: OpenedModel
    }
  | { readonly kind: 'failed'; readonly id: number; readonly code: Code; readonly message: string }

/** The answer in a frame's header. @throws Error when it is none: the sender has lost its mind. */
export function parseAnswer(header: unknown): Answer {
  const { kind, id, code, message, opened } = header as Record<string, unknown>
  if (typeof id === 'number' && kind === 'done') {
    // The child is our own code; what it says of a model it has checked.
    return { kind, id, ...(opened !== undefined && { opened: opened as OpenedModel }) }
  }
  if (typeof id === 'number' && kind === 'failed' && typeof message === 'string') {
    const known = codes.find((word) => word === code)
    if (known) return { kind, id, code: known, message }
  }
  throw new Error('a frame that is no answer')
}

// The graph's bytes and constants travel as tensors of the `open` frame, under names no tensor of a graph can clash with.
const onnxName = 'onnx'
const constantName = (hostOp: number, name: string): string => `constant ${hostOp} ${name}`

/** A graph as the parts of an `open` frame. */
export function packGraph(graph: Graph): {
  readonly hostOps: readonly Omit<HostOpNode, 'constants'>[]
  readonly outputs: readonly string[]
  readonly keepsMemory?: boolean
  readonly tensors: NamedTensors
} {
  const { buffer, byteOffset, byteLength } = graph.onnx
  const constants = graph.hostOps.flatMap((node, i) =>
    Object.entries(node.constants ?? {}).map(([name, value]) => [constantName(i, name), value] as const),
  )
  return {
    hostOps: graph.hostOps.map(({ op, inputs, outputs }) => ({ op, inputs, outputs })),
    outputs: graph.outputs,
    ...(graph.keepsMemory !== undefined && { keepsMemory: graph.keepsMemory }),
    tensors: {
      [onnxName]: {
        dtype: 'uint8',
        shape: [byteLength],
        data: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
      },
      ...Object.fromEntries(constants),
    },
  }
}

/** The graph of an `open` frame. Its bytes are a view of the frame. */
export function unpackGraph(request: Request & { readonly kind: 'open' }, tensors: NamedTensors): Graph {
  const onnx = tensors[onnxName]
  if (!(onnx?.data instanceof Uint8Array)) throw new Error('an `open` frame without a graph: this is a bug')
  const hostOps = request.hostOps.map((node, i) => {
    const names = node.inputs.filter((name) => tensors[constantName(i, name)] !== undefined)
    return {
      ...node,
      constants: Object.fromEntries(names.map((name) => [name, tensors[constantName(i, name)]!])),
    }
  })
  const { outputs, keepsMemory = false } = request
  return { onnx: onnx.data, hostOps, outputs, keepsMemory }
}
