/** LibRecommender's `save_online` folders: those of `save_tf`, RNN4Rec, Caser, WaveNet, YouTubeRetrieval, TwoTower; features by name. */
import { graphKind } from './libreco/graph-model.js'

export const librecoOnline = graphKind('online')
