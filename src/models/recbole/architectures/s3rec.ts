import type { Architecture } from '../architecture.js'
import { selfAttentive } from './sasrec.js'

/**
 * Zhou et al., "S3-Rec: Self-Supervised Learning for Sequential Recommendation with Mutual Information Maximization",
 * CIKM 2020; RecBole's s3rec.py. To infer it is SASRec; the last row of its item table is the mask token.
 */
export const s3Rec: Architecture = {
  className: 'S3Rec',
  needsUser: false,
  build: (context) => selfAttentive(context, context.itemCount + 1),
}
