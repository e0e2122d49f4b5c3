/** What every recommender promises, on a world whose right answers are known (tests/world.ts). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alikeTo, isAlike, itemId, userId, worldSize } from '../../tests/world.js'
import type { Query, Ranking, RankOptions, Recommender } from './recommender.js'

export interface RecommenderSuiteOptions {
  /** Loads the world as this kind writes it. */
  readonly load: () => Promise<Recommender>
  /** Promises this kind cannot keep, with the reason. */
  readonly skip?: Partial<Record<'sequence' | 'similar' | 'stranger', string>>
}

const none = new Int32Array(0)
const everything: RankOptions = { n: worldSize, excluded: none, candidates: undefined }

export function recommenderSuite(name: string, { load, skip = {} }: RecommenderSuiteOptions): void {
  const knownUser = (recommender: Recommender, row: number): Query => ({
    user: recommender.users.indexOf(userId(row)),
    state: recommender.snapshot.read(userId(row)),
    sequence: undefined,
  })
  const forUser = async (recommender: Recommender, row: number, options: Partial<RankOptions> = {}) => {
    const query = knownUser(recommender, row)
    return found(
      await recommender.rank(query, { ...everything, excluded: query.state!.consumed, ...options }),
    )
  }

  test(`${name}: finds the one item each user has left`, async () => {
    const recommender = await load()
    for (let row = 0; row < worldSize; row++) {
      const { indices } = await forUser(recommender, row, { n: 1 })
      assert.equal(recommender.catalog.idOf(indices[0]!), itemId(row))
    }
    await recommender.close()
  })

  test(`${name}: answers many at once as it answers one`, async () => {
    const recommender = await load()
    const rows = Array.from({ length: worldSize }, (_, row) => row)
    const together = await Promise.all(rows.map((row) => forUser(recommender, row)))
    for (const row of rows) assert.deepEqual(await forUser(recommender, row), together[row])
    await recommender.close()
  })

  test(`${name}: never answers an excluded item, a repeat, or more than n`, async () => {
    const recommender = await load()
    const excluded = Int32Array.of(2, 2, 4, 0)
    const { indices } = await forUser(recommender, 0, { n: 5, excluded })
    assert.equal(new Set(indices).size, indices.length)
    assert.ok(indices.length > 0 && indices.length <= 5)
    assert.ok(indices.every((item) => !excluded.includes(item)))
    await recommender.close()
  })

  test(`${name}: ranks given candidates only, the excluded ones left out`, async () => {
    const recommender = await load()
    const options = { n: 10, candidates: Int32Array.of(6, 4, 2), excluded: Int32Array.of(4) }
    const { indices } = await forUser(recommender, 0, options)
    assert.deepEqual([...indices], [2, 6], 'equal scores: the lower row first')
    await recommender.close()
  })

  test(`${name}: puts equal scores in row order and scores best first`, async () => {
    const recommender = await load()
    const { indices, scores } = await forUser(recommender, 1, { excluded: none })
    for (let i = 1; i < indices.length; i++) {
      assert.ok(
        scores[i - 1]! > scores[i]! || (scores[i - 1]! === scores[i]! && indices[i - 1]! < indices[i]!),
      )
    }
    await recommender.close()
  })

  test(`${name}: does not answer a user it does not know`, { skip: skip.stranger ?? false }, async () => {
    const recommender = await load()
    assert.equal(recommender.users.indexOf('nobody'), -1)
    assert.equal(recommender.snapshot.read('nobody'), undefined)
    assert.equal(
      await recommender.rank({ user: -1, state: undefined, sequence: undefined }, everything),
      undefined,
    )
    await recommender.close()
  })

  test(`${name}: answers a newcomer from a sequence`, { skip: skip.sequence ?? false }, async () => {
    const recommender = await load()
    const sequence = Int32Array.from(alikeTo(7))
    const query: Query = { user: -1, state: undefined, sequence }
    const { indices } = found(await recommender.rank(query, { ...everything, n: 1, excluded: sequence }))
    assert.equal(indices[0], 7)
    await recommender.close()
  })

  test(`${name}: finds items alike to an item`, { skip: skip.similar ?? false }, async () => {
    const recommender = await load()
    const similar = await recommender.similar(4, { n: 3, excluded: Int32Array.of(4) })
    assert.ok(similar && similar.indices.length === 3)
    assert.ok(similar.indices.every((item) => item !== 4 && isAlike(item, 4)))
    await recommender.close()
  })

  test(`${name}: counts how often each item was had`, async () => {
    const recommender = await load()
    const expected = Array.from({ length: worldSize }, () => worldSize / 2 - 1)
    assert.deepEqual([...recommender.popularity], expected)
    await recommender.close()
  })
}

function found(ranking: Ranking | undefined): Ranking {
  assert.ok(ranking, 'the model answered')
  return ranking
}
