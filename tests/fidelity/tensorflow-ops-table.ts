/** docs/tensorflow-ops.md: each TensorFlow op there is a kernel for, and how its recorded cases came out. */
import { lowerings } from '../../src/engines/tensorflow/lowering/index.js'
import { ops, pureOps } from '../../src/engines/tensorflow/ops/index.js'
import { checkOpCase, opFamilies, readOpCases } from './op-cases.js'
import type { OpCase } from './recorded-op.js'

const head = `# TensorFlow ops

Written by \`npm run docs:ops\`. Every op below has a TypeScript kernel; where the runtime column says so, groups of such nodes may run on
ONNX Runtime instead. Cases are single calls of TensorFlow 2.15's own op, refusals included, with what it answered; dtypes are those of the
cases' inputs. Ops without a case run in whole recorded models or graphs (loops, variables, tables).

`

interface Row {
  readonly family: string
  readonly dtypes: Set<string>
  cases: number
  passed: number
}

export function opsTable(): string {
  const rows = new Map<string, Row>()
  for (const family of opFamilies()) {
    for (const recorded of readOpCases(family).cases) {
      const row = rows.get(recorded.op) ?? { family, dtypes: new Set(), cases: 0, passed: 0 }
      rows.set(recorded.op, row)
      row.cases++
      if (Object.hasOwn(pureOps, recorded.op) && checkOpCase(recorded, pureOps) === undefined) row.passed++
      for (const dtype of dtypesOf(recorded)) row.dtypes.add(dtype)
    }
  }
  const known = [...ops.keys()].sort()
  const recorded = [...rows.values()]
  const sum = (count: (row: Row) => number) => recorded.reduce((total, row) => total + count(row), 0)
  const missing = [...rows].filter(([op]) => !ops.has(op)).map(([op, { cases }]) => `${op} (${cases})`)
  const summary = `${known.length} ops; ${sum(({ passed }) => passed)} of ${sum(({ cases }) => cases)} recorded cases answered as TensorFlow did.${missing.length > 0 ? ` Without a kernel: ${missing.join(', ')}.` : ''}\n\n`
  const lines = known.map((op) => lineOf(op, rows.get(op)))
  return `${head}${summary}| op | family | runtime | cases | dtypes |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
}

function lineOf(op: string, row: Row | undefined): string {
  const runtime = lowerings.has(op) ? 'ONNX' : ''
  const cases = row ? `${row.passed}/${row.cases}` : ''
  return `| ${[op, row?.family ?? '', runtime, cases, [...(row?.dtypes ?? [])].sort().join(', ')].join(' | ')} |`
}

const dtypesOf = ({ inputs }: OpCase): readonly string[] => inputs.map(({ dtype }) => dtype)
