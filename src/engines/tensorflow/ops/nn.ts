/** Neural network and linear algebra ops. */

import type { OpTable } from '../op.js'
import {
  activationKernel,
  elu,
  leakyRelu,
  rectifierKernel,
  relu,
  relu6,
  selu,
  softplus,
  softsign,
} from './nn/activations.js'
import { biasAdd } from './nn/bias.js'
import { convolutionKernel, depthwiseConvolution } from './nn/convolution.js'
import { dilation2d } from './nn/dilation.js'
import { einsum } from './nn/einsum.js'
import { fusedConvolution, fusedDepthwiseConvolution, fusedMatMul } from './nn/fused.js'
import {
  cholesky,
  logMatrixDeterminant,
  matrixDeterminant,
  matrixInverse,
  matrixSolve,
  matrixTriangularSolve,
} from './nn/linear-algebra.js'
import { batchMatMul, batchMatMulV2, matMul } from './nn/matmul.js'
import { fusedBatchNorm, l2Loss, lrn } from './nn/normalization.js'
import { avgPoolKernel, maxPoolKernel, maxPoolV2 } from './nn/pooling.js'
import { inTopK, nthElement, topKOfAttribute, topKV2 } from './nn/selection.js'
import { logSoftmax, softmax, softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from './nn/softmax.js'
import { transposedConvolutionKernel } from './nn/transposed-convolution.js'

export const nnOps: OpTable = {
  AvgPool: { kernel: avgPoolKernel(4) },
  AvgPool3D: { kernel: avgPoolKernel(5) },
  BatchMatMul: { kernel: batchMatMul },
  BatchMatMulV2: { kernel: batchMatMulV2 },
  BatchMatMulV3: { kernel: batchMatMulV2 },
  BiasAdd: { kernel: biasAdd },
  BiasAddV1: { kernel: biasAdd },
  Cholesky: { kernel: cholesky },
  Conv2D: { kernel: convolutionKernel(4) },
  Conv2DBackpropInput: { kernel: transposedConvolutionKernel(4) },
  Conv3D: { kernel: convolutionKernel(5) },
  Conv3DBackpropInputV2: { kernel: transposedConvolutionKernel(5) },
  DepthwiseConv2dNative: { kernel: depthwiseConvolution },
  Dilation2D: { kernel: dilation2d },
  Einsum: { kernel: einsum },
  Elu: { kernel: activationKernel(elu) },
  FusedBatchNorm: { kernel: fusedBatchNorm },
  FusedBatchNormV2: { kernel: fusedBatchNorm },
  FusedBatchNormV3: { kernel: fusedBatchNorm },
  InTopK: { kernel: inTopK },
  InTopKV2: { kernel: inTopK },
  L2Loss: { kernel: l2Loss },
  LRN: { kernel: lrn },
  LeakyRelu: { kernel: leakyRelu },
  LogMatrixDeterminant: { kernel: logMatrixDeterminant },
  LogSoftmax: { kernel: logSoftmax },
  MatMul: { kernel: matMul },
  MatrixDeterminant: { kernel: matrixDeterminant },
  MatrixInverse: { kernel: matrixInverse },
  MatrixSolve: { kernel: matrixSolve },
  MatrixTriangularSolve: { kernel: matrixTriangularSolve },
  MaxPool: { kernel: maxPoolKernel(4) },
  MaxPool3D: { kernel: maxPoolKernel(5) },
  MaxPoolV2: { kernel: maxPoolV2 },
  NthElement: { kernel: nthElement },
  Relu: { kernel: rectifierKernel(relu, Infinity) },
  Relu6: { kernel: rectifierKernel(relu6, 6) },
  Selu: { kernel: activationKernel(selu) },
  Softmax: { kernel: softmax },
  SoftmaxCrossEntropyWithLogits: { kernel: softmaxCrossEntropy },
  Softplus: { kernel: activationKernel(softplus) },
  Softsign: { kernel: activationKernel(softsign) },
  SparseMatMul: { kernel: matMul },
  SparseSoftmaxCrossEntropyWithLogits: { kernel: sparseSoftmaxCrossEntropy },
  TopK: { kernel: topKOfAttribute },
  TopKV2: { kernel: topKV2 },
  _FusedBatchNormEx: { kernel: fusedBatchNorm },
  _FusedConv2D: { kernel: fusedConvolution },
  _FusedDepthwiseConv2dNative: { kernel: fusedDepthwiseConvolution },
  _FusedMatMul: { kernel: fusedMatMul },
}
