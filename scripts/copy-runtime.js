/**
 * Puts the native ONNX Runtime into `dist/runtime`, from where it is packed.
 *
 * onnxruntime-node cannot be a dependency: its postinstall downloads CUDA files from a host that is not the npm registry
 * and so breaks `npm install recserve` on a closed network, although the CPU library is already inside the package. So we
 * ship the part that answers: its JavaScript, its package.json without scripts, and the platforms below.
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Windows is left out for size (40 MB packed); musl has no build. There `Engine.available` is false. */
const platforms = ['linux/x64', 'linux/arm64', 'darwin/arm64']

/** The same bytes as libonnxruntime.1.dylib, which is the name the binding's LC_LOAD_DYLIB asks for. */
const isDuplicate = (name) => /^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(name)

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
const target = join(root, 'dist/runtime/onnxruntime-node')

for (const name of readdirSync(join(source, 'dist'))) {
  if (name.endsWith('.js')) place(join('dist', name))
}
for (const platform of platforms) {
  const folder = join('bin/napi-v6', platform)
  for (const name of readdirSync(join(source, folder))) if (!isDuplicate(name)) place(join(folder, name))
}
for (const name of ['LICENSE', 'ThirdPartyNotices.txt']) if (existsSync(join(source, name))) place(name)
writeManifest()

/** A hard link where the file system allows one: these are 116 MB, and a second build then costs nothing. */
function place(path) {
  const from = join(source, path)
  const to = join(target, path)
  if (isCurrent(statSync(from), statSync(to, { throwIfNoEntry: false }))) return
  mkdirSync(dirname(to), { recursive: true })
  rmSync(to, { force: true })
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}

function isCurrent(from, to) {
  if (!to) return false
  return to.ino === from.ino || (to.size === from.size && to.mtimeMs >= from.mtimeMs)
}

/** Written anew, never through a link: the original in node_modules must stay as it is. */
function writeManifest() {
  const { name, version, license, author, repository, description, main } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  )
  const manifest = { name, version, description, license, author, repository, main }
  const to = join(target, 'package.json')
  rmSync(to, { force: true })
  writeFileSync(to, `${JSON.stringify(manifest, null, 2)}\n`)
}
