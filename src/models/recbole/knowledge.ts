/** What RecBole does with a knowledge graph before and after ids are given (recbole/data/dataset/kg_dataset.py). */
import { type AtomicTable, codesOf } from './atomic-table.js'
import { paddingToken } from './dataset.js'
import type { DatasetSettings, KnowledgeFields } from './dataset-settings.js'
import { keepWithinCounts } from './filters.js'
import { columnsOf, type Frames, tokenColumn } from './frames.js'
import type { Numbering } from './numbering.js'

/** Which item is which entity, as codes of their dictionaries; of repeated ids the last row counts. */
export interface Links {
  readonly entityOfItem: Map<number, number>
  readonly itemOfEntity: Map<number, number>
}

/** Drops triples by count, links that lead nowhere, and the interactions with items that have no link. */
export function filterKnowledge(frames: Frames, link: AtomicTable, settings: DatasetSettings): Links {
  const knowledge = settings.knowledge!
  filterTriples(frames, knowledge)
  const links = linksOf(link, settings, knowledge)
  const inAlias = (name: string) => codesInUse(name, frames, settings)
  const items = inAlias('item_id')
  const entities = inAlias('entity_id')
  const dead = [...links.entityOfItem].filter(([item, entity]) => !items.has(item) || !entities.has(entity))
  for (const [item, entity] of dead) {
    links.entityOfItem.delete(item)
    links.itemOfEntity.delete(entity)
  }
  const inter = frames.get('inter')!
  const { codes } = tokenColumn(inter.table, settings.itemField)
  inter.rows = inter.rows.filter((row) => links.entityOfItem.has(codes[row]!))
  return links
}

function filterTriples(frames: Frames, { head, tail, relation, ...limits }: KnowledgeFields): void {
  if (!limits.entityCounts && !limits.relationCounts) return
  const kg = frames.get('kg')!
  keepWithinCounts(kg, [
    { intervals: limits.entityCounts, columns: [tokenColumn(kg.table, head), tokenColumn(kg.table, tail)] },
    { intervals: limits.relationCounts, columns: [tokenColumn(kg.table, relation)] },
  ])
}

function linksOf(link: AtomicTable, { itemField }: DatasetSettings, { entity }: KnowledgeFields): Links {
  const items = tokenColumn(link, itemField).codes
  const entities = tokenColumn(link, entity).codes
  const links: Links = { entityOfItem: new Map(), itemOfEntity: new Map() }
  for (let row = 0; row < link.rowCount; row++) {
    links.entityOfItem.set(items[row]!, entities[row]!)
    links.itemOfEntity.set(entities[row]!, items[row]!)
  }
  return links
}

function codesInUse(name: string, frames: Frames, settings: DatasetSettings): ReadonlySet<number> {
  const codes = new Set<number>()
  for (const field of settings.aliases.find((alias) => alias.name === name)!.fields) {
    for (const { frame, column } of columnsOf(field, frames, settings)) {
      for (const code of codesOf(column, frame.rows)) codes.add(code)
    }
  }
  return codes
}

/** Items without a link come first, those with one keep their order behind them. */
export function linkedItemsLast(items: Numbering, { entityOfItem }: Links): Numbering {
  const codes = [...items.codes]
  return items.reordered([
    ...codes.filter((code) => !entityOfItem.has(code)),
    ...codes.filter((code) => entityOfItem.has(code)),
  ])
}

/** An entity that is an item has the item's id; the others follow, in their own order. */
export function entityTokens(
  entities: Numbering,
  items: Numbering,
  { entityOfItem, itemOfEntity }: Links,
): string[] {
  const ofItems = [...items.codes].map((code) => {
    const entity = entityOfItem.get(code)
    return entity === undefined ? items.dictionary[code]! : entities.dictionary[entity]!
  })
  const others = [...entities.codes].filter((code) => !itemOfEntity.has(code))
  return [paddingToken, ...ofItems, ...others.map((code) => entities.dictionary[code]!)]
}

/** Reversed relations, where they are made, and last the relation between users and items. */
export function relationTokens(relations: readonly string[], reverses: boolean): readonly string[] {
  const reversed = reverses ? relations.slice(1).map((token) => `${token}_r`) : []
  return [...relations, ...reversed, '[UI-Relation]']
}
