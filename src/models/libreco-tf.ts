/** LibRecommender's `save_tf` folders: NCF, WideDeep, FM, DeepFM, AutoInt, YouTubeRanking, DIN; Transformer and SIM with all inputs. */
import { graphKind } from './libreco/graph-model.js'

export const librecoTf = graphKind('tf')
