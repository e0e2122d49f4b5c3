/** What LibRecommender itself answered for a model (shared/fixtures/libreco/README.md, "Layout of a case"). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fixturesRoot } from '../project.js'

type RawId = string | number

export interface RecordedCase {
  readonly request: {
    readonly user: RawId
    readonly n_rec: number
    readonly user_feats?: Record<string, unknown>
    readonly seq?: readonly RawId[]
  }
  readonly recommend: readonly RawId[] | { readonly raises: string }
  readonly recommend_unfiltered: readonly RawId[] | { readonly raises: string }
  /** true: both lists are drawn at random; "recommend": only the filtered one. */
  readonly random?: boolean | 'recommend'
}

export interface RecordedScores {
  readonly user: RawId
  readonly inner: number
  /** By item row; null: not a candidate. */
  readonly values?: readonly (number | null)[]
  readonly user_feats?: Record<string, unknown>
  readonly seq?: readonly RawId[]
}

export interface Answers {
  readonly algorithm: string
  readonly task: string
  readonly writer: string
  readonly n_users: number
  readonly n_items: number
  readonly popular_items: readonly RawId[]
  /** What the average cold start draws from, best first; absent where there is none. */
  readonly default_recs?: readonly RawId[]
  readonly cases?: readonly RecordedCase[]
  readonly scores?: readonly RecordedScores[]
}

export interface RecordedModel {
  readonly name: string
  readonly directory: string
  readonly answers: Answers
}

/** Every recorded model written by one of the given exporters, by how their names begin; the demo's included. */
export function recordedModels(writers: readonly string[]): RecordedModel[] {
  const cases = readdirSync(join(fixturesRoot, 'libreco')).map((name) => ({
    name,
    directory: join(fixturesRoot, 'libreco', name, 'model'),
    answersFile: join(fixturesRoot, 'libreco', name, 'answers.json'),
  }))
  const demo = readdirSync(join(fixturesRoot, 'demo'))
    .filter((name) => name.endsWith('.answers.json'))
    .map((file) => ({
      name: file.replace('.answers.json', ''),
      directory: join(fixturesRoot, 'demo', file.replace('.answers.json', '')),
      answersFile: join(fixturesRoot, 'demo', file),
    }))
  return [...cases, ...demo]
    .filter(({ answersFile }) => existsSync(answersFile))
    .map(({ answersFile, ...rest }) => ({ ...rest, answers: readJson(answersFile) as Answers }))
    .filter(({ answers }) => writers.some((writer) => answers.writer.startsWith(writer)))
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Ids as the exporter wrote them: it passed them through Python's int(), which drops leading zeros. */
export const exportedId = (raw: RawId): string => String(raw).replace(/^0+(?=\d+$)/, '')
