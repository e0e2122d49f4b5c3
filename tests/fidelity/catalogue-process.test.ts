/** A catalogue in an inference process ranks as the scores of the model say: what is excluded, candidates, several users, a restart. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { onnx } from '../../src/engines/onnx/onnx-engine.js'
import { tensor } from '../../src/tensor/tensor.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const engine = onnx.create()
const skip = skipWithoutFixtures() || (engine.available ? false : 'no inference runtime for this platform')
after(() => engine.close())

const signature = 'serving_default'
const output = 'score'
const ids = (values: readonly number[]) => tensor('int32', [values.length], Int32Array.from(values))
const items = Array.from({ length: 20 }, (_, i) => i)
const users = { user_id: ids([3, 7]) }
const none = new Int32Array(0)

test('a catalogue ranks as the scores say, again after its process has died', { skip }, async () => {
  const directory = join(fixturesRoot, 'tensorflow', 'rec_neumf_keras', 'model', '1')
  const model = await engine.openSavedModel('m', { directory, tags: ['serve'], checksums: true })
  const catalogue = await model.specialise!({
    signature,
    output,
    items: { item_id: ids(items) },
    users: ['user_id'],
  })
  assert.equal(catalogue.itemCount, items.length)
  assert.ok(catalogue.keptBytes > 0)

  const inputs = { user_id: ids(items.map(() => 7)), item_id: ids(items) }
  const { [output]: scores } = await model.run({ signature, inputs })
  const order = items.toSorted(
    (a, b) => Number(scores!.data[b as never]) - Number(scores!.data[a as never]) || a - b,
  )
  const [best, second] = order as [number, number]

  const check = async () => {
    const k = Int32Array.of(1, 5)
    const both = await catalogue.rank({ users, k, excluded: [none, Int32Array.of(best)] })
    assert.equal(both[0]!.indices.length, 1)
    assert.deepEqual([...both[1]!.indices], order.slice(1, 6))
    const candidates = Int32Array.of(second, best, order[9]!)
    const one = {
      users: { user_id: ids([7]) },
      k: Int32Array.of(9),
      excluded: [Int32Array.of(best)],
      candidates,
    }
    assert.deepEqual([...(await catalogue.rank(one))[0]!.indices], [second, order[9]])
  }
  await check()
  for (const id of engine.processIds) process.kill(id, 'SIGKILL')
  // What is asked before the death is known is refused.
  await check().catch(({ code }) => assert.equal(code, 'unavailable'))
  await check()
  await model.close()
})
