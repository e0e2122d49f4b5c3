/** Which algorithm wrote a native folder, told by its hyper-parameters, and how such a model is saved so that it can be served. */

/** How to get a servable folder of an algorithm whose weights alone are there. */
type Export = 'vectors' | 'dynamic_vectors' | 'graph' | 'none'

export interface NativeAlgorithm {
  /** As LibRecommender's classes are called. */
  readonly name: string
  readonly export: Export
}

interface Mark extends NativeAlgorithm {
  /** Constructor arguments that, in this order of rows, only this algorithm has. */
  readonly parameters: readonly string[]
}

const mark = (name: string, way: Export, ...parameters: string[]): Mark => ({ name, export: way, parameters })

/** The first row whose parameters are all there (constructors in libreco/algorithms, 1.5.2). */
const marks: readonly Mark[] = [
  mark('Transformer', 'graph', 'num_tfm_layers'),
  mark('SIM', 'none', 'search_topk'),
  mark('AutoInt', 'graph', 'att_embed_size'),
  mark('DIN', 'graph', 'use_tf_attention'),
  mark('YouTubeRetrieval', 'dynamic_vectors', 'num_sampled_per_batch'),
  mark('TwoTower', 'dynamic_vectors', 'use_correction'),
  mark('RNN4Rec', 'dynamic_vectors', 'rnn_type'),
  mark('Caser', 'dynamic_vectors', 'nh_filters'),
  mark('WaveNet', 'dynamic_vectors', 'n_layers_per_block'),
  mark('ALS', 'vectors', 'use_cg'),
  mark('BPR', 'vectors', 'use_tf'),
  mark('NGCF', 'vectors', 'node_dropout'),
  mark('LightGCN', 'vectors', 'n_layers'),
  mark('PinSageDGL', 'vectors', 'neighbor_walk_len', 'full_inference'),
  mark('PinSage', 'vectors', 'neighbor_walk_len'),
  mark('GraphSageDGL', 'vectors', 'aggregator_type'),
  mark('GraphSage', 'vectors', 'num_neighbors'),
  mark('DeepWalk', 'vectors', 'walk_length'),
  mark('Item2Vec', 'vectors', 'window_size'),
  mark('UserCF or ItemCF', 'vectors', 'sim_type'),
  mark('RsUserCF or RsItemCF', 'none', 'min_common'),
  mark('Swing', 'none', 'max_cache_num'),
  mark('YouTubeRanking', 'graph', 'recent_num', 'multi_sparse_combiner'),
  mark('SVDpp', 'vectors', 'recent_num'),
  mark('WideDeep or DeepFM', 'graph', 'hidden_units', 'multi_sparse_combiner'),
  mark('FM', 'graph', 'multi_sparse_combiner'),
  mark('NCF', 'graph', 'hidden_units'),
  mark('SVD', 'vectors', 'norm_embed'),
]

/** @returns undefined for parameters of no algorithm known here */
export function toAlgorithm(hyperParameters: Readonly<Record<string, unknown>>): NativeAlgorithm | undefined {
  return marks.find(({ parameters }) => parameters.every((name) => Object.hasOwn(hyperParameters, name)))
}

const saveVectors = (prefix: string) =>
  `model.save(path, '${prefix}', inference_only=True), or libserving's save_embed(path, model),`

/** Why a folder without vectors or similarities cannot be served, and what to call in Python instead. */
export function whyUnservable(
  algorithm: NativeAlgorithm | undefined,
  { prefix, found }: { readonly prefix: string; readonly found: string },
): string {
  const what = algorithm?.name ?? 'an unknown algorithm'
  switch (algorithm?.export) {
    case 'graph':
      return `${found} of ${what} and no graph, so nothing can be run: call libserving's save_online(path, model), or save_tf(path, model), and serve the folder it writes`
    case 'dynamic_vectors':
      return `${found} of ${what} and no vectors: ${saveVectors(prefix)} writes them; libserving's save_online(path, model) writes the graph`
    case 'vectors':
      return `${found} of ${what} and no vectors: ${saveVectors(prefix)} writes them`
    case 'none':
      return `${found} of ${what}, which LibRecommender ${whyNever(what)}`
    case undefined:
      return `${found} of ${what}, and neither vectors (${prefix}.npz) nor similarities (${prefix}_sim_matrix.npz): export it with libserving's save_knn, save_embed, save_tf or save_online`
  }
}

function whyNever(name: string): string {
  if (name === 'SIM')
    return 'exports without the sequences it reads, whichever exporter is called: DIN and Transformer can be served'
  return 'keeps in a form of its Rust part that nothing else reads: UserCF and ItemCF, saved natively or by save_knn, can be served'
}
