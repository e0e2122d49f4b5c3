/** docs/recbole.md: each of RecBole's sequential models, how it is served, and how near its answers are to the library's. */
import type { Scoring } from '../../src/models/recbole/architecture.js'
import { architectureOf } from '../../src/models/recbole/architecture-of.js'
import { type Comparison, compareRecBole } from './recbole-comparison.js'
import { readAnswers, readFixture } from './recbole-fixture.js'

const ways: Readonly<Record<Scoring['kind'], string>> = {
  vectors: 'encoder, then search among item vectors',
  distance: 'encoder, then every item by its distance',
  scores: 'graph that scores all items',
  candidates: 'graph that scores the given candidates, or all items',
}

const head = `# RecBole's sequential models

Written by \`npm run docs:recbole\`: checkpoints that RecBole 1.2.1 trained, served by the built command and asked over HTTP for all items
of the catalogue. The error is the largest |served - RecBole's| of all cases, as a part of the largest score of its case (of 1 where that is
smaller). Every list is RecBole's up to ties.

| model | class | asks for | how it is served | cases | scores | largest error |
|---|---|---|---|---|---|---|
`

/** @throws Error where an answer is not the library's */
export async function recBoleTable(): Promise<string> {
  const comparisons: Comparison[] = []
  await compareRecBole((comparison) => comparisons.push(comparison))
  const wrong = comparisons.find(({ faults }) => faults.length > 0)
  if (wrong) throw new Error(`${wrong.name}: ${wrong.faults[0]}`)
  const rows: string[] = []
  for (const answers of readAnswers()) {
    const { context } = await readFixture(answers)
    const { needsUser, build } = architectureOf(answers.model)
    const { scoring } = build(context)
    const { className, cases, scores, largestError } = comparisons.find(({ name }) => name === answers.name)!
    const asks = needsUser ? 'user, sequence' : 'sequence'
    const error = largestError.toExponential(1)
    rows.push(`| ${[answers.name, className, asks, ways[scoring.kind], cases, scores, error].join(' | ')} |`)
  }
  return `${head}${rows.join('\n')}\n`
}
