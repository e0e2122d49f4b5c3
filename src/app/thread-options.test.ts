import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Environment, type Flags, readOptions } from './config.js'
import { toThreads } from './thread-options.js'

const cores = 6
const threadsOf = async (flags: Flags = {}, env: Environment = {}) => {
  const { intraOpThreads, interOpThreads } = toThreads(await readOptions('serve', { flags, env }), cores)
  return [intraOpThreads, interOpThreads]
}

const session = 'tensorflow_session_parallelism'
const intra = 'tensorflow_intra_op_parallelism'
const inter = 'tensorflow_inter_op_parallelism'
const TENSORFLOW_INTRA_OP_PARALLELISM = '9'
const OMP_NUM_THREADS = '11'

describe('threads of a run', () => {
  const cases: readonly (readonly [string, Flags, Environment, readonly [number, number]])[] = [
    ['one of each where nothing is said', {}, {}, [1, 1]],
    ['what --inference-threads says', { inferenceThreads: '3' }, {}, [3, 1]],
    ['that before all else', { inferenceThreads: '3', [intra]: '4', [session]: '5' }, {}, [3, 5]],
    [
      'that by its environment variable, too',
      { [intra]: '4' },
      { RECSERVE_INFERENCE_THREADS: '3', OMP_NUM_THREADS },
      [3, 1],
    ],
    ['the flag of a kind before that of both', { [intra]: '4', [session]: '5' }, {}, [4, 5]],
    ['the other flag of a kind before that of both', { [inter]: '2', [session]: '5' }, {}, [5, 2]],
    [
      'the flag of both before the environment of others',
      { [session]: '5' },
      { TENSORFLOW_INTRA_OP_PARALLELISM, TENSORFLOW_INTER_OP_PARALLELISM: '8', OMP_NUM_THREADS },
      [5, 5],
    ],
    [
      "TensorFlow's variable before OpenMP's",
      {},
      { TENSORFLOW_INTRA_OP_PARALLELISM, OMP_NUM_THREADS },
      [9, 1],
    ],
    [
      "OpenMP's, and TensorFlow's for the other kind",
      {},
      { OMP_NUM_THREADS, TENSORFLOW_INTER_OP_PARALLELISM: '2' },
      [11, 2],
    ],
    ['empty variables as unset', {}, { TENSORFLOW_INTRA_OP_PARALLELISM: '', OMP_NUM_THREADS: '' }, [1, 1]],
    ['0 as all cores', { [session]: '0' }, {}, [cores, cores]],
    [
      '0 of one kind as all cores',
      { [intra]: '0' },
      { TENSORFLOW_INTER_OP_PARALLELISM: '0' },
      [cores, cores],
    ],
    ['0 of both beside flags of both kinds', { [session]: '0', [intra]: '2', [inter]: '3' }, {}, [2, 3]],
  ]
  for (const [what, flags, env, threads] of cases) {
    test(`takes ${what}`, async () => assert.deepEqual(await threadsOf(flags, env), threads))
  }

  const refusals: readonly (readonly [Flags, Environment, RegExp])[] = [
    [
      { [intra]: '-1' },
      {},
      /^--tensorflow_intra_op_parallelism: expected an integer from 0 to 1024, found -1/,
    ],
    [{ [session]: 'all' }, {}, /^--tensorflow_session_parallelism: expected an integer .* found 'all'/],
    [
      {},
      { TENSORFLOW_INTER_OP_PARALLELISM: '1.5' },
      /^environment variable TENSORFLOW_INTER_OP_PARALLELISM: exp/,
    ],
    [
      {},
      { OMP_NUM_THREADS: '4,2' },
      /^environment variable OMP_NUM_THREADS: expected an integer .* found '4,2'/,
    ],
    [{ inferenceThreads: '0' }, {}, /^--inference-threads: expected an integer from 1/],
    [
      { [session]: '1', [intra]: '2', [inter]: '3' },
      {},
      /^--tensorflow_session_parallelism=1 .* leave it out/,
    ],
  ]
  for (const [flags, env, message] of refusals) {
    test(`refuses ${JSON.stringify({ ...flags, ...env })}`, () =>
      assert.rejects(threadsOf(flags, env), { code: 'invalid_argument', message }))
  }

  test('does not look at what others’ variables say where an option decides', async () => {
    assert.deepEqual(await threadsOf({ inferenceThreads: '2' }, { OMP_NUM_THREADS: '4,2' }), [2, 1])
  })
})
