import assert from 'node:assert/strict'
import { access, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../tests/temporary.js'
import { createFileSystemSource } from './file-system-source.js'

/** Makes folders, each with a marker file, below a fresh root. */
async function tree(...folders: string[]): Promise<string> {
  const root = temporaryFolder('source')
  for (const folder of folders) {
    await mkdir(join(root, folder), { recursive: true })
    await writeFile(join(root, folder, folder.includes('broken') ? 'broken.model' : 'good.model'), '')
  }
  return root
}

/** The one model of a file `<model>@<version>.part`; an empty one is good. */
async function partAt(path: string) {
  const [, model, version] = /^(.+)@(\d+)\.part$/.exec(basename(path)) ?? []
  if (!model) return undefined
  const isBroken = (await stat(path)).size > 0
  return { kind: 'parts', parts: [{ model, version: Number(version), path, isBroken }] }
}

/** All such files of a folder, newest first. */
async function partsIn(directory: string) {
  const names = await readdir(directory)
  const each = await Promise.all(names.map((name) => partAt(join(directory, name))))
  const found = each.flatMap((one) => one?.parts ?? [])
  return found.sort((a, b) => b.version - a.version)
}

async function folderOfParts(...names: readonly string[]): Promise<string> {
  const root = temporaryFolder('source')
  await mkdir(join(root, 'saved'))
  for (const name of names) await writeFile(join(root, 'saved', `${name}.part`), '')
  return root
}

async function find(paths: string[], names: Record<string, string> = {}) {
  const warnings: string[] = []
  const has = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    )
  const source = createFileSystemSource({
    paths,
    names: new Map(Object.entries(names)),
    allVersions: false,
    onWarning: (message) => void warnings.push(message),
    async recognise(directory) {
      if (await has(join(directory, 'broken.model'))) throw new Error('model_name.json: not JSON')
      if ((await stat(directory)).isFile()) return partAt(directory)
      const parts = await partsIn(directory)
      if (parts.length > 0) return { kind: 'parts', parts }
      return (await has(join(directory, 'good.model'))) ? { kind: 'test' } : undefined
    },
  })
  const versions = await source.aspiredVersions()
  const found = versions.map(
    ({ servable, kind }) => `${servable.model}:${servable.version} ${kind ?? 'broken'}`,
  )
  return { found: found.sort(), warnings }
}

test('finds every model below a root, each named after its folder', async () => {
  const root = await tree('als', 'deep/er/itemcf')
  assert.deepEqual((await find([root])).found, ['als:1 test', 'itemcf:1 test'])
})

test('takes a path that is a model itself', async () => {
  const root = await tree('als')
  assert.deepEqual((await find([join(root, 'als')])).found, ['als:1 test'])
})

test('takes the newest of numeric version folders, by number and not by text', async () => {
  const root = await tree('books/9', 'books/10', 'books/latest')
  assert.deepEqual((await find([root])).found, ['books:10 test'])
})

test('a broken model is found too, and hides no other', async () => {
  const root = await tree('broken', 'good')
  assert.deepEqual((await find([root])).found, ['broken:1 broken', 'good:1 test'])
})

test('does not look inside a model, hidden folders or node_modules', async () => {
  const root = await tree('als', 'als/din/1', '.cache/x', 'node_modules/y')
  assert.deepEqual((await find([root])).found, ['als:1 test'])
})

test('overlapping paths and circular links find each model once', async () => {
  const root = await tree('a/als')
  await symlink(root, join(root, 'a', 'circle'))
  assert.deepEqual((await find([root, join(root, 'a'), join(root, 'a', 'als')])).found, ['als:1 test'])
})

test('a name given for a path is the model name, and the path is served', async () => {
  const root = await tree('x/model', 'y/model')
  const { found } = await find([], { first: join(root, 'x/model'), second: join(root, 'y/model') })
  assert.deepEqual(found, ['first:1 test', 'second:1 test'])
})

test('a name for a folder that is no model is a model that will fail, whatever is below it', async () => {
  const root = await tree('x/model')
  assert.deepEqual((await find([], { first: root })).found, ['first:1 broken'])
})

test('a second name for a folder is refused', async () => {
  const root = await tree('x/model')
  const twice = { first: join(root, 'x/model'), second: join(root, 'x', 'model') }
  await assert.rejects(find([], twice), {
    code: 'invalid_argument',
    message: /named twice: 'first' and 'second'/,
  })
})

test('a link to a model is served under its own name, beside the model', async () => {
  const root = await tree('v12')
  await symlink(join(root, 'v12'), join(root, 'stable'))
  assert.deepEqual((await find([root])).found, ['stable:1 test', 'v12:1 test'])
})

test('two folders of one name are refused, with both and the way out', async () => {
  const root = await tree('x/model', 'y/model')
  await assert.rejects(find([root]), {
    code: 'invalid_argument',
    message: /two models are named 'model': .*x.model and .*y.model.*--name NAME=PATH/,
  })
  assert.deepEqual((await find([root], { first: join(root, 'x/model') })).found, [
    'first:1 test',
    'model:1 test',
  ])
})

test('a path that is missing, a file, or without models is told apart', async () => {
  const root = await tree('empty/marker-less')
  await writeFile(join(root, 'file'), '')
  await assert.rejects(find([join(root, 'nothing')]), {
    code: 'not_found',
    message: /no such directory or file/,
  })
  await assert.rejects(find([join(root, 'file')]), { code: 'invalid_argument', message: /is a file/ })
  await mkdir(join(root, 'really-empty'))
  const { found, warnings } = await find([join(root, 'really-empty')])
  assert.deepEqual(found, [])
  assert.match(warnings[0]!, /no model found below .*really-empty/)
})

test('a folder that holds several models as files gives the newest version of each', async () => {
  const root = await folderOfParts('sine@3', 'sine@7', 'sasrec@5')
  assert.deepEqual((await find([root])).found, ['sasrec:5 parts', 'sine:7 parts'])
})

test('a name may be given to a folder that holds versions of one model', async () => {
  const root = await folderOfParts('sine@3', 'sine@7')
  assert.deepEqual((await find([], { films: join(root, 'saved') })).found, ['films:7 parts'])
})

test('a folder that holds several models cannot have one name', async () => {
  const root = await folderOfParts('sine@3', 'sasrec@5')
  await assert.rejects(find([], { films: join(root, 'saved') }), {
    code: 'invalid_argument',
    message: /several models \(sasrec, sine\), which cannot all be named 'films'/,
  })
})

test('a version that is broken hides none below it, and is found itself', async () => {
  const root = await folderOfParts('sine@3', 'sine@7', 'sine@9')
  await writeFile(join(root, 'saved', 'sine@9.part'), 'broken')
  assert.deepEqual((await find([root])).found, ['sine:7 parts', 'sine:9 broken'])
})

test('a file that is a model is found by its path, under its own name or one given', async () => {
  const root = await folderOfParts('sine@3', 'sine@7', 'sasrec@5')
  const file = join(root, 'saved', 'sine@3.part')
  assert.deepEqual((await find([file])).found, ['sine:3 parts'])
  assert.deepEqual((await find([], { films: file })).found, ['films:3 parts'])
  assert.deepEqual((await find([root], { films: file })).found, [
    'films:3 parts',
    'sasrec:5 parts',
    'sine:7 parts',
  ])
})
