/** The engines there are; only app/ imports this list. */
import type { EngineKind } from './engine.js'
import { onnx } from './onnx/onnx-engine.js'

export const engines = [onnx] as const satisfies readonly EngineKind[]
