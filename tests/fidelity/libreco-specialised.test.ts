/**
 * Every `save_tf` and `save_online` graph of the fixtures that scores the items it is given, specialised for its catalogue,
 * must score as the graph itself does: all items and candidates, known and unknown users with histories of every length, on
 * ONNX Runtime and on kernels, with a budget for what is kept and without. Within DESIGN 4's tolerance.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { SignatureSpec } from '../../src/core/signature.js'
import { type LoadedModel, loadSavedModel } from '../../src/engines/tensorflow/saved-model.js'
import type { SpecialisationRequest } from '../../src/engines/tensorflow/specialise/specialised-model.js'
import { readNumberTables } from '../../src/formats/json-number-tables.js'
import { openExport, populationFiles, readPopulation } from '../../src/models/libreco/export.js'
import { toFeatures } from '../../src/models/libreco/features.js'
import { createGraphFeeds } from '../../src/models/libreco/graph-feeds.js'
import { featuresFile, readGraphFolder, signatureOf } from '../../src/models/libreco/graph-folder.js'
import { toGraphInputs } from '../../src/models/libreco/graph-inputs.js'
import { toCatalogueRequest } from '../../src/models/libreco/graph-ranker.js'
import { toUserSide } from '../../src/models/libreco/graph-recommender.js'
import { skipWithoutFixtures } from '../project.js'
import { recordedModels } from './libreco-answers.js'

const skip = skipWithoutFixtures()
const tally = { specialised: 0, scores: 0 }
const asTheyAre = new Map<string, string[]>()

/** What an export says of its graph. */
async function readCase(directory: string) {
  const folder = await readGraphFolder(directory)
  assert.ok(folder?.graph, 'a graph')
  const reader = await openExport(directory, [...populationFiles, featuresFile], {})
  const population = await readPopulation(reader)
  const counts = { users: population.users.size, items: population.catalog.size }
  const features = toFeatures(await reader.read(featuresFile, readNumberTables), counts)
  return { ...folder, graph: folder.graph, population, counts, features, names: undefined }
}

type Case = Awaited<ReturnType<typeof readCase>>

function prepare({ form, algorithm, features, counts }: Case, model: LoadedModel) {
  const name = signatureOf[form]
  const spec: SignatureSpec = { ...model.signatures.get(name)!, name }
  const inputs = toGraphInputs(spec, { algorithm, features, counts })
  const feeds = createGraphFeeds(inputs, counts.items)
  const output = form === 'tf' ? 'logits' : model.derived(name)[0]!
  return { inputs, feeds, request: toCatalogueRequest({ signature: name, output, inputs, feeds }) }
}

function toSides(exported: Case) {
  const { users, items } = exported.counts
  const histories = [0, 1, 5, 200].map((length) => Int32Array.from({ length }, (_, i) => (i * 7 + 3) % items))
  const asked = [0, 1, users - 1, -1].map((user, u) => ({ user, sequence: histories[u], state: undefined }))
  return asked.map((query) => toUserSide(query, exported).side)
}

describe('a graph specialised for its catalogue scores as it does itself', { skip }, () => {
  const writers = ['save_tf', 'save_online', "generator's own export"]
  const models = skip ? [] : recordedModels(writers).filter(({ answers }) => answers.cases)

  after(() => {
    console.log(
      `specialised ${tally.specialised} runs of graphs, compared ${tally.scores} scores; as they are:`,
    )
    for (const [reason, names] of asTheyAre) console.log(`  ${names.length} ${reason}: ${names.join(', ')}`)
  })

  for (const { name, directory } of models) {
    test(name, async () => {
      const exported = await readCase(directory)
      for (const [lowering, maxBytes] of [
        ['always', 2 ** 30],
        [false, 2 ** 14],
      ] as const) {
        const model = await loadSavedModel(exported.graph.directory, { lowering })
        try {
          compare(name, exported, { model, maxBytes })
        } finally {
          model.close()
        }
      }
    })
  }
})

function compare(
  name: string,
  exported: Case,
  { model, maxBytes }: { model: LoadedModel; maxBytes: number },
) {
  const { inputs, feeds, request } = prepare(exported, model)
  if (!inputs.scoresGiven) return leave('scores its own items', name)
  const catalogue = specialise(model, { ...request, maxBytes })
  if (typeof catalogue === 'string') return leave(catalogue, name)
  assert.ok(catalogue.keptBytes <= maxBytes)
  const sides = toSides(exported)
  const rows = Int32Array.of(4, 0, exported.counts.items - 1)
  // The first run is on kernels, whatever the others are on.
  for (let round = 0; round < 2; round++) {
    const all = catalogue.score(feeds.toUserFeeds(sides))
    const some = catalogue.score(feeds.toUserFeeds(sides), { rows })
    for (const [u, side] of sides.entries()) {
      const { [request.output]: whole } = model.run(request.signature, feeds.toFeeds(side), {
        outputs: [request.output],
      })
      const expected = whole!.data as Float32Array
      assertNear(all[u]!, expected)
      assertNear(
        some[u]!,
        Float32Array.from(rows, (row) => expected[row]!),
      )
    }
  }
  tally.specialised++
}

function specialise(model: LoadedModel, request: SpecialisationRequest) {
  try {
    return model.specialise(request)
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'failed_precondition', String(error))
    return (error as Error).message.replace(/\(.*\)/, '').replace(/^'\w+' is not specialised: /, '')
  }
}

function leave(reason: string, name: string): void {
  const names = asTheyAre.get(reason) ?? []
  asTheyAre.set(reason, names)
  if (!names.includes(name)) names.push(name)
}

function assertNear(found: Float32Array, expected: Float32Array): void {
  assert.equal(found.length, expected.length)
  const largest = expected.reduce((most, score) => Math.max(most, Math.abs(score)), 1)
  for (const [i, score] of expected.entries()) {
    const isNear = Math.abs(found[i]! - score) <= 1e-5 * Math.abs(score) + 1e-6 * largest
    assert.ok(isNear, `item ${i} scores ${found[i]}, expected ${score}`)
  }
  tally.scores += expected.length
}
