/** What every engine promises. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DataType, typedArrays } from '../tensor/dtype.js'
import { type NamedTensors, tensor } from '../tensor/tensor.js'
import type { Engine, EngineKind, Graph, Session } from './engine.js'
import { addGraph, doubleGraph, gatherGraph, identityGraph, loopFeeds, loopGraph, x } from './graphs.suite.js'

export function engineSuite(kind: EngineKind): void {
  const skip = kind.create().available ? false : 'no runtime for this platform'
  describe(kind.name, { skip }, () => {
    describeRuns(kind)
    describeRefusals(kind)
    describeEnds(kind)
  })
}

const numbers = (value: NamedTensors, name = 'y'): number[] => Array.from(value[name]!.data, Number)

/** An engine for the tests of one block. */
function lend(kind: EngineKind): { readonly open: (build: () => Graph) => Promise<Session> } {
  let engine: Engine
  before(() => {
    engine = kind.create()
  })
  after(() => engine.close())
  return { open: (build) => engine.open('test', build) }
}

function describeRuns(kind: EngineKind): void {
  const { open } = lend(kind)

  test('runs a graph', async () => {
    const session = await open(doubleGraph)
    assert.deepEqual((await session.run(x(1, 2, 3))).y, tensor('float32', [3], Float32Array.of(2, 4, 6)))
  })

  test('answers runs that are under way together each with its own answer', async () => {
    const sessions = await Promise.all([open(doubleGraph), open(doubleGraph), open(loopGraph)])
    const runs = Array.from({ length: 300 }, async (_, i) => {
      const feeds = i % 3 === 2 ? loopFeeds(BigInt(i)) : x(i / 2)
      return numbers(await sessions[i % 3]!.run(feeds))
    })
    assert.deepEqual(
      await Promise.all(runs),
      Array.from(runs, (_, i) => [i]),
    )
  })

  test('carries every dtype, empty tensors and scalars', async () => {
    for (const [dtype, Values] of Object.entries(typedArrays)) {
      const session = await open(() => identityGraph(dtype as DataType))
      for (const shape of [[2, 3], [0, 3], []]) {
        const data = new Values(shape.reduce((product, size) => product * size, 1))
        if (data.length > 0) data[data.length - 1] = (typeof data[0] === 'bigint' ? 1n : 1) as never
        const given = tensor(dtype as DataType, shape, data as never)
        assert.deepEqual((await session.run({ x: given })).y, given)
      }
      await session.close()
    }
  })

  test('carries large tensors whole', async () => {
    const session = await open(doubleGraph)
    const data = Float32Array.from({ length: 3_000_001 }, (_, i) => i % 1_000)
    const { y } = await session.run({ x: tensor('float32', [data.length], data) })
    assert.ok((y!.data as Float32Array).every((value, i) => value === 2 * (i % 1_000)))
  })

  test('runs host ops on what the graph gives, the feeds and constants', async () => {
    const selection = {
      op: 'top_k_excluding',
      inputs: ['y', 'k', 'excluded_offsets', 'excluded', 'scaled', 'scale'],
      outputs: ['offsets', 'indices', 'best'],
      constants: { scale: tensor('float32', [4], Float32Array.of(1, 1, -1, 1)) },
    }
    const session = await open(() => {
      const { onnx } = identityGraph('float32')
      return { onnx, hostOps: [selection], outputs: selection.outputs }
    })
    const best = await session.run({
      x: tensor('float32', [2, 4], Float32Array.of(1, 2, 9, 2, 1, 2, 9, 2)),
      k: tensor('int32', [2], Int32Array.of(2, 9)),
      excluded_offsets: tensor('int32', [3], Int32Array.of(0, 0, 1)),
      excluded: tensor('int32', [1], Int32Array.of(1)),
      scaled: tensor('bool', [2], Uint8Array.of(0, 1)),
    })
    assert.deepEqual(numbers(best, 'offsets'), [0, 2, 5])
    assert.deepEqual(numbers(best, 'indices'), [2, 1, 3, 0, 2])
    assert.deepEqual(numbers(best, 'best'), [9, 2, 2, 1, -9])
  })
}

function describeRefusals(kind: EngineKind): void {
  const { open } = lend(kind)
  const row = (...values: number[]) => tensor('float32', [2, values.length / 2], Float32Array.from(values))

  const bad: readonly [string, NamedTensors, RegExp][] = [
    ['a missing input', { a: row(1, 2) }, /'b' is missing/],
    ['an input too many', { a: row(1, 2), b: row(1, 2), c: row(1, 2) }, /no input 'c' \(inputs: a, b\)/],
    [
      'another dtype',
      { a: row(1, 2), b: tensor('int32', [2, 1], new Int32Array(2)) },
      /'b' is int32 \[2,1\], not float32/,
    ],
    [
      'another rank',
      { a: row(1, 2), b: tensor('float32', [2], new Float32Array(2)) },
      /'b' is float32 \[2\]/,
    ],
    [
      'another fixed size',
      { a: tensor('float32', [3, 1], new Float32Array(3)), b: row(1, 2) },
      /not float32 \[2,n\]/,
    ],
    [
      'two sizes for one name',
      { a: row(1, 2), b: row(1, 2, 3, 4) },
      /'b' is float32 \[2,2\], not float32 \[2,1\]/,
    ],
  ]
  for (const [what, feeds, message] of bad) {
    test(`refuses ${what}, and runs on`, async () => {
      const session = await open(addGraph)
      await assert.rejects(session.run(feeds), { code: 'invalid_argument', message })
      assert.deepEqual(numbers(await session.run({ a: row(1, 2), b: row(3, 4) })), [4, 6])
    })
  }

  test('refuses values that a node refuses, names the node but no path, and runs on', async () => {
    const session = await open(gatherGraph)
    const rows = (...values: number[]) => ({
      rows: tensor('int32', [values.length], Int32Array.from(values)),
    })
    const message = /^node Gather 'look up' refuses its inputs: [^/]*idx=7[^/]*$/
    await assert.rejects(session.run(rows(0, 7)), { code: 'invalid_argument', message })
    assert.deepEqual(numbers(await session.run(rows(2, 0))), [30, 10])
  })

  const unusable: readonly [string, () => Graph, RegExp][] = [
    [
      'bytes that are no graph',
      () => ({ ...doubleGraph(), onnx: Uint8Array.of(1, 2, 3) }),
      /refuses the graph/,
    ],
    [
      'an output that nothing writes',
      () => ({ ...doubleGraph(), outputs: ['z'] }),
      /no output 'z' \(outputs: y\)/,
    ],
    [
      'an unknown host op',
      () => ({ ...doubleGraph(), hostOps: [{ op: 'nope', inputs: [], outputs: [] }] }),
      /no host op 'nope'/,
    ],
  ]
  for (const [what, build, message] of unusable) {
    test(`does not open ${what}, and opens the next`, async () => {
      await assert.rejects(open(build), { code: 'failed_precondition', message })
      assert.deepEqual(numbers(await (await open(doubleGraph)).run(x(1))), [2])
    })
  }

  test('does not open what cannot be built', async () => {
    const build = () => {
      throw new Error('no weights')
    }
    await assert.rejects(open(build), { message: 'no weights' })
  })
}

function describeEnds(kind: EngineKind): void {
  test('an abort ends the wait with its reason, and the next run is answered', async () => {
    const engine = kind.create()
    const session = await engine.open('test', loopGraph)
    const leaving = new AbortController()
    const answer = session.run(loopFeeds(1_000_000n), { signal: leaving.signal })
    leaving.abort(new Error('gone'))
    await assert.rejects(answer, { message: 'gone' })
    await assert.rejects(session.run(loopFeeds(1n), { signal: leaving.signal }), { message: 'gone' })
    assert.deepEqual(numbers(await session.run(loopFeeds(5n))), [5])
    await engine.close()
  })

  test('a run without an answer at its deadline ends then, and the next run is answered', async () => {
    const engine = kind.create()
    const session = await engine.open('test', loopGraph)
    const late = session.run(loopFeeds(1_000_000n), { deadlineMs: 1 })
    await assert.rejects(late, { code: 'deadline_exceeded', message: 'there was no answer within 1 ms' })
    assert.deepEqual(numbers(await session.run(loopFeeds(5n), { deadlineMs: 2 ** 40 })), [5])
    await engine.close()
  })

  test('closing a session answers its runs under way, refuses more, and leaves others alone', async () => {
    const engine = kind.create()
    const [closing, other] = await Promise.all([engine.open('a', doubleGraph), engine.open('b', doubleGraph)])
    const answer = closing.run(x(1))
    await closing.close()
    assert.deepEqual(numbers(await answer), [2])
    await assert.rejects(closing.run(x(1)), { code: 'unavailable', message: "session 'a' is closed" })
    assert.deepEqual(numbers(await other.run(x(3))), [6])
    await engine.close()
  })

  test('closing the engine answers the runs under way, then refuses', async () => {
    const engine = kind.create()
    const session = await engine.open('test', loopGraph)
    const answers = [1n, 2n, 3n].map((times) => session.run(loopFeeds(times)))
    await engine.close()
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => numbers(answer)),
      [[1], [2], [3]],
    )
    await assert.rejects(session.run(loopFeeds(1n)), { code: 'unavailable' })
    await assert.rejects(engine.open('test', doubleGraph), { code: 'unavailable' })
    await engine.close()
  })

  test('an engine never used closes', () => kind.create().close())
}
