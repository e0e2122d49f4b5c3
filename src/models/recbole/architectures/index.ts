import type { Architecture } from '../architecture.js'
import { bert4Rec } from './bert4rec.js'
import { caser } from './caser.js'
import { core } from './core.js'
import { dien } from './dien.js'
import { din } from './din.js'
import { fdsa } from './fdsa.js'
import { feaRec } from './fearec.js'
import { fossil } from './fossil.js'
import { fpmc } from './fpmc.js'
import { gcSan } from './gcsan.js'
import { gru4Rec } from './gru4rec.js'
import { gru4RecCpr } from './gru4rec-cpr.js'
import { gru4RecF } from './gru4rec-f.js'
import { gru4RecKg } from './gru4rec-kg.js'
import { hgn } from './hgn.js'
import { hrm } from './hrm.js'
import { ksr } from './ksr.js'
import { lightSans } from './lightsans.js'
import { narm } from './narm.js'
import { nextItNet } from './nextitnet.js'
import { npe } from './npe.js'
import { repeatNet } from './repeatnet.js'
import { s3Rec } from './s3rec.js'
import { sasRec } from './sasrec.js'
import { sasRecCpr } from './sasrec-cpr.js'
import { sasRecF } from './sasrec-f.js'
import { shan } from './shan.js'
import { sine } from './sine.js'
import { srGnn } from './srgnn.js'
import { stamp } from './stamp.js'
import { transRec } from './transrec.js'

/** RecBole's model classes we answer for. */
export const architectures: readonly Architecture[] = [
  sasRec,
  bert4Rec,
  core,
  feaRec,
  gcSan,
  gru4Rec,
  lightSans,
  narm,
  nextItNet,
  s3Rec,
  sine,
  srGnn,
  stamp,
  caser,
  hgn,
  npe,
  fossil,
  hrm,
  shan,
  fpmc,
  transRec,
  repeatNet,
  gru4RecKg,
  ksr,
  gru4RecCpr,
  sasRecCpr,
  gru4RecF,
  sasRecF,
  fdsa,
  din,
  dien,
]
