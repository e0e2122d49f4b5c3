/** Holds DESIGN's map of the house: who may import whom, one room per npm package, no cycles. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from './project.js'

/** Rooms whose front doors a room may come in by. `core`, `tensor` and `formats` are libraries: any of their files. */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  tensor: ['core'],
  formats: ['core', 'tensor'],
  engines: ['core', 'tensor', 'formats'],
  ann: ['core', 'tensor', 'formats', 'engines'],
  models: ['core', 'tensor', 'formats', 'engines', 'ann'],
  stores: ['core'],
  lifecycle: ['core'],
  observe: ['core'],
  service: ['core', 'tensor', 'models', 'stores', 'lifecycle'],
  protocols: ['core', 'tensor', 'formats', 'service'],
  app: ['*'],
}
const libraries = ['core', 'tensor', 'formats']
const frontDoors: Record<string, readonly string[]> = {
  engines: ['engine.ts'],
  ann: ['vector-index.ts'],
  models: ['recommender.ts', 'predictor.ts', 'loaded-model.ts', 'model-kind.ts'],
  stores: ['store.ts'],
  lifecycle: ['source.ts', 'manager.ts'],
  service: ['service.ts'],
}

type Sources = ReadonlyMap<string, string>

/** Path below `src/` (with slashes) and text of every file that ships. */
function readSources(): Sources {
  const root = join(projectRoot, 'src')
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  const shipped = paths.filter((path) => path.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(path))
  return new Map(shipped.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** What a file imports: files below `src/` and packages, type-only imports and re-exports included. */
function importsOf(path: string, source: string): { files: string[]; packages: string[] } {
  const specifiers = [...source.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'/gms)]
    .concat([...source.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)])
    .concat([...source.matchAll(/^\s*import\s+'([^']+)'/gm)])
    .map((match) => match[1]!)
  const files = specifiers
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.normalize(posix.join(posix.dirname(path), name)).replace(/\.js$/, '.ts'))
  const packages = specifiers
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  return { files, packages }
}

const roomOf = (path: string) => path.split('/')[0]!

/** Every breach of the map, in words. */
function breaches(sources: Sources): string[] {
  const found: string[] = []
  const packageRooms = new Map<string, Set<string>>()
  for (const [path, source] of sources) {
    const room = roomOf(path)
    if (room === path) found.push(`${path}: a loose file in src/`)
    else if (!mayImport[room]) found.push(`${path}: ${room} is not a room`)
    const { files, packages } = importsOf(path, source)
    for (const name of packages) packageRooms.set(name, (packageRooms.get(name) ?? new Set()).add(room))
    for (const target of files) {
      const breach = breachOf(room, target)
      if (breach) found.push(`${path} imports ${target}: ${breach}`)
    }
  }
  for (const [name, rooms] of packageRooms) {
    if (rooms.size > 1)
      found.push(`package ${name} is imported in several rooms: ${[...rooms].sort().join(', ')}`)
  }
  return [...found, ...cycles(sources)]
}

function breachOf(room: string, target: string): string | undefined {
  const targetRoom = roomOf(target)
  if (targetRoom === room || room === 'app') return undefined
  if (!mayImport[room]?.includes(targetRoom)) return `${room} may not import ${targetRoom}`
  const inside = target.slice(targetRoom.length + 1)
  const isOpen = libraries.includes(targetRoom) || frontDoors[targetRoom]?.includes(inside)
  return isOpen ? undefined : `not a front door of ${targetRoom}`
}

/** Circles of imports, found by depth-first search. */
function cycles(sources: Sources): string[] {
  const found: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done' || !sources.has(path)) return
    if (state.get(path) === 'open') {
      found.push(`a cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
      return
    }
    state.set(path, 'open')
    for (const target of importsOf(path, sources.get(path)!).files) visit(target, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of sources.keys()) visit(path, [])
  return found
}

test('the house keeps to its map', () => {
  const sources = readSources()
  assert.ok(sources.size > 30, `only ${sources.size} source files were found`)
  assert.deepEqual(breaches(sources), [])
})

const planted: readonly [string, Record<string, string>, RegExp][] = [
  [
    'an upward import',
    { 'core/a.ts': "import { b } from '../tensor/b.js'", 'tensor/b.ts': '' },
    /core may not import/,
  ],
  [
    'a type-only import past a front door',
    { 'ann/a.ts': "import type { B } from '../engines/process/b.js'", 'engines/process/b.ts': '' },
    /not a front door of engines/,
  ],
  [
    'a re-export across several lines',
    { 'stores/a.ts': "export {\n  b,\n} from '../models/recommender.js'", 'models/recommender.ts': '' },
    /stores may not import models/,
  ],
  [
    'a lazy import',
    { 'stores/a.ts': "await import('../service/service.js')" },
    /stores may not import service/,
  ],
  [
    'a cycle within a room',
    { 'service/a.ts': "import { b } from './b.js'", 'service/b.ts': "import type { A } from './a.js'" },
    /a cycle: service\/a.ts -> service\/b.ts -> service\/a.ts/,
  ],
  [
    'one package in two rooms',
    { 'stores/a.ts': "import { x } from 'pino'", 'observe/b.ts': "import { x } from 'pino/file'" },
    /package pino is imported in several rooms/,
  ],
  ['a loose file', { 'main.ts': '' }, /a loose file/],
  ['an unknown room', { 'utils/a.ts': '' }, /utils is not a room/],
]
for (const [name, files, expected] of planted) {
  test(`the map's test sees ${name}`, () => {
    assert.match(breaches(new Map(Object.entries(files))).join('\n'), expected)
  })
}

test('every room of the map exists', () => {
  const rooms = new Set([...readSources().keys()].map((path) => dirname(path).split('/')[0]))
  assert.deepEqual([...rooms].sort(), Object.keys(mayImport).sort())
})
