/** The world (tests/world.ts) as RecBole would leave it: a checkpoint of CORE whose item vectors tell even from odd, and its data. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dict, object } from './pickle-file.js'
import { temporaryFolder } from './temporary.js'
import { storage, tensorOf, zipForm } from './torch-file.js'
import { alikeTo, isAlike, itemId, userId, worldSize } from './world.js'

const settings = {
  model: 'CORE',
  dataset: 'world',
  USER_ID_FIELD: 'user_id',
  ITEM_ID_FIELD: 'item_id',
  TIME_FIELD: 'timestamp',
  MAX_ITEM_LIST_LENGTH: 20,
  embedding_size: 2,
  dnn_type: 'ave',
  temperature: 0.07,
}

/** A folder with the checkpoint and, in `dataset/`, the interactions it was trained on. */
export async function writeRecBoleWorld(): Promise<string> {
  const directory = join(temporaryFolder('recbole-world'), 'core')
  await mkdir(join(directory, 'dataset'), { recursive: true })
  await writeFile(join(directory, 'CORE-Nov-25-2026_10-00-00.pth'), checkpoint())
  await writeFile(join(directory, 'dataset', 'world.inter'), interactions())
  return directory
}

function checkpoint(): Buffer {
  const rows = Array.from({ length: worldSize }, (_, row) => (isAlike(row, 0) ? [1, 0.1] : [0.1, 1]))
  const values = Float32Array.from([0, 0, ...rows.flat()])
  const shape = [worldSize + 1, 2]
  const table = tensorOf({ storage: storage({ key: '0', count: values.length }), shape, stride: [2, 1] })
  const config = object('recbole.config.configurator.Config', { final_config_dict: dict(settings) })
  const root = dict({ config, epoch: 0, state_dict: dict({ 'item_embedding.weight': table }) })
  return zipForm(root, { 0: new Uint8Array(values.buffer) })
}

/** By item, so that RecBole, which numbers ids as they come, numbers items as the world does. */
function interactions(): string {
  const lines = ['user_id:token\titem_id:token\ttimestamp:float']
  for (let item = 0; item < worldSize; item++) {
    for (const user of alikeTo(item)) lines.push(`${userId(user)}\t${itemId(item)}\t${item}`)
  }
  return `${lines.join('\n')}\n`
}
