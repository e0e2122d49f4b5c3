/** A SavedModel's asset files: vocabularies above all. */
import { join, sep } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readFileBytes } from '../../formats/file-bytes.js'
import { decodeMessage } from '../../formats/tensorflow/decode-message.js'
import type { MetaGraph } from '../../formats/tensorflow/graph.js'
import { createMessageType, one, optional } from '../../formats/tensorflow/message-type.js'

export interface Asset {
  /** The tensor of the graph that the path is fed into. */
  readonly tensor: string
  readonly path: string
  readonly bytes: Uint8Array
}

/** What we need of an AssetFileDef (tensorflow/core/protobuf/meta_graph.proto). */
interface AssetFile {
  readonly tensorInfo?: { readonly name: string }
  readonly filename: string
}

const tensorType = createMessageType<{ readonly name: string }>('TensorInfo', { name: one(1, 'string') })
const assetType = createMessageType<AssetFile>('AssetFileDef', {
  tensorInfo: optional(1, () => tensorType, 'tensor_info'),
  filename: one(2, 'string'),
})

/** A vocabulary of tens of millions of words. */
const maxAssetBytes = 2 ** 30

/** @throws RecserveError `invalid_argument` for a name that leads out of the folder, `not_found` for a file that is missing */
export async function readAssets(meta: MetaGraph, directory: string): Promise<readonly Asset[]> {
  const folder = join(directory, 'assets')
  const assets: Asset[] = []
  for (const { tensorInfo, filename } of assetFilesOf(meta)) {
    const path = join(folder, filename)
    if (!path.startsWith(folder + sep)) {
      throw new RecserveError(
        'invalid_argument',
        `the asset '${filename}' does not lie in the model's assets folder`,
      )
    }
    if (tensorInfo) assets.push({ tensor: tensorInfo.name, path, bytes: await readAsset(path, filename) })
  }
  return assets
}

/** Where writers before TensorFlow 1.13 put them they are in a collection; TensorFlow's loader looks in this order too. */
function assetFilesOf({ assetFiles, collections }: MetaGraph): readonly AssetFile[] {
  if (assetFiles.length > 0) return assetFiles
  const packed = collections.get('saved_model_assets')?.anyList?.values ?? []
  return packed.map(({ value }) => decodeMessage(assetType, value, 'saved_model.pb'))
}

async function readAsset(path: string, filename: string): Promise<Uint8Array> {
  // A link is followed, as TensorFlow does; what is no file (a pipe, a device) is refused, for it may never end.
  return readFileBytes(path, { maxBytes: maxAssetBytes }).then(
    ({ bytes }) => bytes,
    (cause) => {
      const { code, message } = RecserveError.from(cause)
      throw new RecserveError(code, `the asset 'assets/${filename}' cannot be read: ${message}`, { cause })
    },
  )
}
