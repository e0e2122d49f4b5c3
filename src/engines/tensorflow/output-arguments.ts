/**
 * Names of the outputs of ops that have several, for a function body names them (`unique:idx:0`). An op that is missing
 * here has one output argument. `*` and an attribute: a list as long as that attribute says. From the ops' OpDefs.
 */
import { RecserveError } from '../../core/errors.js'
import type { AttrMap } from '../../formats/tensorflow/graph.js'

const rows = `
Switch: output_false output_true
RefSwitch: output_false output_true
_SwitchN: outputs*num_outs
Merge: output value_index
RefMerge: output value_index
IdentityN: output*T
ShapeN: output*N
Split: output*num_split
SplitV: output*num_split
Unpack: output*num
ConcatOffset: offset*N
DynamicPartition: outputs*num_partitions
RestoreV2: tensors*dtypes
BroadcastGradientArgs: r0 r1
Unique: y idx
UniqueV2: y idx
UniqueWithCounts: y idx count
UniqueWithCountsV2: y idx count
ListDiff: out idx
TopK: values indices
TopKV2: values indices
ApproxTopK: values indices
FusedBatchNorm: y batch_mean batch_variance reserve_space_1 reserve_space_2
FusedBatchNormV2: y batch_mean batch_variance reserve_space_1 reserve_space_2
FusedBatchNormV3: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
_FusedBatchNormEx: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
MaxPoolWithArgmax: output argmax
FractionalMaxPool: output row_pooling_sequence col_pooling_sequence
FractionalAvgPool: output row_pooling_sequence col_pooling_sequence
SoftmaxCrossEntropyWithLogits: loss backprop
SparseSoftmaxCrossEntropyWithLogits: loss backprop
LSTMBlockCell: i cs f o ci co h
BlockLSTM: i cs f o ci co h
BlockLSTMV2: i cs f o ci co h
GRUBlockCell: r u c h
CudnnRNN: output output_h output_c reserve_space
CudnnRNNV2: output output_h output_c reserve_space host_reserved
CudnnRNNV3: output output_h output_c reserve_space host_reserved
LogMatrixDeterminant: sign log_abs_determinant
SelfAdjointEigV2: e v
Eig: e v
Svd: s u v
Qr: q r
Lu: lu p
NonMaxSuppressionV4: selected_indices valid_outputs
NonMaxSuppressionV5: selected_indices selected_scores valid_outputs
CombinedNonMaxSuppression: nmsed_boxes nmsed_scores nmsed_classes valid_detections
SparseFillEmptyRows: output_indices output_values empty_row_indicator reverse_index_map
RaggedFillEmptyRows: output_value_rowids output_values empty_row_indicator reverse_index_map
SparseReshape: output_indices output_shape
SparseReorder: output_indices output_values
SparseConcat: output_indices output_values output_shape
SparseSlice: output_indices output_values output_shape
SparseSplit: output_indices*num_split output_values*num_split output_shape*num_split
SparseAdd: sum_indices sum_values sum_shape
SparseReduceSumSparse: output_indices output_values output_shape
SparseReduceMaxSparse: output_indices output_values output_shape
SparseSparseMaximum: output_indices output_values
SparseSparseMinimum: output_indices output_values
SparseCross: output_indices output_values output_shape
SparseCrossV2: output_indices output_values output_shape
SparseCrossHashed: output_indices output_values output_shape
SparseToSparseSetOperation: result_indices result_values result_shape
DenseToSparseSetOperation: result_indices result_values result_shape
DenseToDenseSetOperation: result_indices result_values result_shape
DenseCountSparseOutput: output_indices output_values output_dense_shape
SparseCountSparseOutput: output_indices output_values output_dense_shape
RaggedCountSparseOutput: output_indices output_values output_dense_shape
DeserializeSparse: sparse_indices sparse_values sparse_shape
DeserializeManySparse: sparse_indices sparse_values sparse_shape
TakeManySparseFromTensorsMap: sparse_indices sparse_values sparse_shape
RaggedRange: rt_nested_splits rt_dense_values
RaggedGather: output_nested_splits*OUTPUT_RAGGED_RANK output_dense_values
RaggedTensorFromVariant: output_nested_splits*output_ragged_rank output_dense_values
RaggedTensorToSparse: sparse_indices sparse_values sparse_dense_shape
RaggedCross: output_values output_row_splits
StringSplit: indices values shape
StringSplitV2: indices values shape
StringNGrams: ngrams ngrams_splits
UnicodeDecode: row_splits char_values
UnicodeDecodeWithOffsets: row_splits char_values char_to_byte_starts
DecodeCSV: output*OUT_TYPE
DecodeProtoV2: sizes values*output_types
ParseExample: sparse_indices*Nsparse sparse_values*sparse_types sparse_shapes*Nsparse dense_values*Tdense
ParseExampleV2: sparse_indices*num_sparse sparse_values*sparse_types sparse_shapes*num_sparse dense_values*Tdense ragged_values*ragged_value_types ragged_row_splits*ragged_split_types
ParseSingleExample: sparse_indices*num_sparse sparse_values*sparse_types sparse_shapes*num_sparse dense_values*Tdense
ParseSingleSequenceExample: context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types
ParseSequenceExample: context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types feature_list_dense_lengths*Nfeature_list_dense
ParseSequenceExampleV2: context_sparse_indices*Ncontext_sparse context_sparse_values*context_sparse_types context_sparse_shapes*Ncontext_sparse context_dense_values*Tcontext_dense context_ragged_values*context_ragged_value_types context_ragged_row_splits*context_ragged_split_types feature_list_sparse_indices*Nfeature_list_sparse feature_list_sparse_values*feature_list_sparse_types feature_list_sparse_shapes*Nfeature_list_sparse feature_list_dense_values*feature_list_dense_types feature_list_dense_lengths*Nfeature_list_dense feature_list_ragged_values*feature_list_ragged_value_types feature_list_ragged_outer_splits*feature_list_ragged_split_types feature_list_ragged_inner_splits*feature_list_ragged_split_types
LookupTableExport: keys values
LookupTableExportV2: keys values
TensorArrayV3: handle flow
TensorArrayV2: handle
TensorArrayGradV3: grad_handle flow_out
TensorArrayConcatV2: value lengths
TensorArrayConcatV3: value lengths
TensorListPopBack: output_handle tensor
TensorListConcat: tensor lengths
TensorListConcatV2: tensor lengths
StatelessRandomGetKeyCounter: key counter
StatelessRandomGetKeyCounterAlg: key counter alg
FixedUnigramCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
LearnedUnigramCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
LogUniformCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
UniformCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
ComputeAccidentalHits: indices ids weights
CTCGreedyDecoder: decoded_indices decoded_values decoded_shape log_probability
CTCLoss: loss gradient
GenerateVocabRemapping: remapping num_present
QuantizeV2: output output_min output_max
QuantizedMatMul: out min_out max_out
RequantizationRange: output_min output_max
Requantize: output output_min output_max
BoostedTreesCalculateBestGainsPerFeature: node_ids_list gains_list thresholds_list left_node_contribs_list right_node_contribs_list
DecisionTreeClassification: predictions
If: output*Tout
StatelessIf: output*Tout
_If: output*Tout
While: output*T
StatelessWhile: output*T
_While: output*T
Case: output*Tout
StatelessCase: output*Tout
PartitionedCall: output*Tout
StatefulPartitionedCall: output*Tout
RemoteCall: output*Tout
`

interface OutputArgument {
  readonly name: string
  /** Undefined: one tensor. */
  readonly lengthAttribute: string | undefined
}

const table: ReadonlyMap<string, readonly OutputArgument[]> = new Map(
  rows
    .trim()
    .split('\n')
    .map((row) => {
      const [op, names] = row.split(': ') as [string, string]
      const parts = names.split(' ').map((part) => {
        const [name, lengthAttribute] = part.split('*') as [string, string | undefined]
        return { name, lengthAttribute }
      })
      return [op, parts]
    }),
)

/** How many outputs the node has; undefined where nothing here tells. */
export function countOutputs(op: string, attr: AttrMap): number | undefined {
  const outputs = table.get(op)
  if (outputs === undefined) return undefined
  return outputs.reduce((count, { lengthAttribute }) => count + lengthOf(attr, lengthAttribute), 0)
}

/** The position among all outputs of element `index` of an output argument; undefined for an op that is not in the table. */
export function outputIndex(
  op: string,
  attr: AttrMap,
  argument: { name: string; index: number },
): number | undefined {
  const { name, index } = argument
  const outputs = table.get(op)
  if (outputs === undefined) return undefined
  let before = 0
  for (const output of outputs) {
    if (output.name === name) return before + index
    before += lengthOf(attr, output.lengthAttribute)
  }
  throw new RecserveError('invalid_argument', `the op ${op} has no output '${name}'`)
}

function lengthOf(attr: AttrMap, name: string | undefined): number {
  if (name === undefined) return 1
  const value = attr.get(name)
  if (value?.list) return value.list.type.length
  return Number(value?.i ?? 0)
}
