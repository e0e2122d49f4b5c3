import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../../../core/errors.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { Attributes } from '../../op.js'
import { einsum } from './einsum.js'

const sizes: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 2, e: 5 }

function run(equation: string, inputs: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const attrs = { string: () => equation } as Partial<Attributes> as Attributes
  return einsum(inputs, { node: 'n', op: 'Einsum', attrs })[0] as Tensor<'float32'>
}

function numbers(shape: readonly number[], seed: number): Tensor<'float32'> {
  const length = shape.reduce((product, size) => product * size, 1)
  return { dtype: 'float32', shape, data: Float32Array.from({ length }, (_, i) => ((i * 7 + seed) % 11) - 5) }
}

/** The definition: over every combination of labels, the product of what is there is added. */
function naive(equation: string, inputs: readonly Tensor<'float32'>[]): number[] {
  const [left, output] = equation.split('->') as [string, string]
  const terms = left.split(',')
  const labels = [...new Set(left.replace(',', ''))]
  const place = (term: string, at: ReadonlyMap<string, number>) =>
    [...term].reduce((index, label) => index * sizes[label]! + at.get(label)!, 0)
  const out = new Array<number>([...output].reduce((product, label) => product * sizes[label]!, 1)).fill(0)
  const total = labels.reduce((product, label) => product * sizes[label]!, 1)
  for (let n = 0; n < total; n++) {
    let rest = n
    const at = new Map<string, number>()
    for (const label of labels) {
      at.set(label, rest % sizes[label]!)
      rest = Math.floor(rest / sizes[label]!)
    }
    out[place(output, at)]! += terms.reduce(
      (product, term, i) => product * inputs[i]!.data[place(term, at)]!,
      1,
    )
  }
  return out
}

const equations = [
  ...[
    'ab,bc->ac',
    'abc,acd->abd',
    'abc,cb->a',
    'ab,cd->adbc',
    'abc,abc->',
    'abc,abc->bca',
    'ab,b->',
    'a,b->ba',
  ],
  ...[
    'aab,bc->ac',
    'aa,aa->a',
    'aa->',
    'abc->ca',
    'abc->b',
    'ab->abb',
    'a->aa',
    'aab->aba',
    'abce,aebd->dca',
    ',a->a',
  ],
]
for (const equation of equations) {
  test(`einsum '${equation}' is the sum of products`, () => {
    const terms = equation.split('->')[0]!.split(',')
    const inputs = terms.map((term, i) =>
      numbers(
        [...term].map((label) => sizes[label]!),
        i + 1,
      ),
    )
    assert.deepEqual([...run(equation, inputs).data], naive(equation, inputs))
  })
}

test('what an ellipsis stands for broadcasts', () => {
  const a = numbers([2, 1, 3, 4], 1)
  const b = numbers([5, 4, 2], 2)
  const { shape, data } = run('...ij,...jk->...ik', [a, b])
  assert.deepEqual(shape, [2, 5, 3, 2])
  const block = (t: Tensor<'float32'>, at: number, length: number): Tensor<'float32'> => ({
    ...t,
    shape: t.shape.slice(-2),
    data: t.data.subarray(at, at + length) as Float32Array<ArrayBuffer>,
  })
  const last = run('ij,jk->ik', [block(a, 12, 12), block(b, 32, 8)])
  assert.deepEqual([...data.subarray(-6)], [...last.data])
})

for (const [equation, shapes] of [
  [
    'ab,bc',
    [
      [2, 3],
      [3, 4],
    ],
  ],
  [
    'ab,bc->ac',
    [
      [2, 3],
      [4, 4],
    ],
  ],
  ['ab->a', [[2]]],
  ['a->ab', [[2]]],
  ['...a->a', [[2, 2]]],
  ['a1->a', [[2, 2]]],
  ['aa->a', [[2, 3]]],
  ['a,b,c->abc', [[2], [2]]],
] as const) {
  test(`refuses '${equation}' of [${shapes.join('], [')}]`, () => {
    const inputs = shapes.map((shape) => numbers(shape, 1))
    assert.throws(
      () => run(equation, inputs),
      (error) => error instanceof RecserveError && error.code === 'invalid_argument',
    )
  })
}
