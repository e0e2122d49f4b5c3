import { engineSuite } from '../engine.suite.js'
import { onnx } from './onnx-engine.js'

engineSuite(onnx)
