import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadRecommender } from '../../tests/load-tools.js'
import { isAlike, worldSize, writeWorld } from '../../tests/world.js'
import { librecoEmbed } from './libreco-embed.js'
import { recommenderSuite } from './recommender.suite.js'

recommenderSuite('ALS', { load: async () => loadRecommender(librecoEmbed, await writeWorld('ALS')) })

/** The world with a bias as last column, 1 for users: the odd items' is so large that a newcomer who likes even ones must feel it. */
async function writeBiasedWorld(): Promise<string> {
  const directory = await writeWorld('ALS')
  const rows = Array.from({ length: worldSize }, (_, row) => row)
  const vectors = (bias: (row: number) => number) =>
    JSON.stringify(
      Object.fromEntries(
        rows.map((row) => [row, [isAlike(row, 0) ? 1 : 0, isAlike(row, 0) ? 0 : 1, bias(row)]]),
      ),
    )
  await writeFile(
    join(directory, 'user_embed.json'),
    vectors(() => 1),
  )
  await writeFile(
    join(directory, 'item_embed.json'),
    vectors((row) => (isAlike(row, 0) ? -5 : 5)),
  )
  return directory
}

const load = async () => loadRecommender(librecoEmbed, await writeBiasedWorld())

const nothing = new Int32Array(0)

test("a newcomer's side of a bias column is 1: the items' biases count once, not by the mean of those they had", async () => {
  const recommender = await load()
  const query = { user: -1, state: undefined, sequence: Int32Array.of(0, 2) }
  const ranking = await recommender.rank(query, { n: 20, excluded: nothing, candidates: undefined })
  assert.equal(ranking!.indices[0], 1)
  assert.deepEqual([ranking!.scores[0], ranking!.scores[19]], [5, -4])
})

test('cosine leaves the bias column out', async () => {
  const recommender = await load()
  const similar = await recommender.similar(0, { n: 20, excluded: Int32Array.of(0) })
  assert.deepEqual([...similar!.scores], [...Array(9).fill(1), ...Array(10).fill(0)])
})
