/** Places that tests need, found from the compiled file's own place. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = findUp(dirname(fileURLToPath(import.meta.url)))

/** Models the real libraries wrote, with their answers; beside the project, absent from a user's clone. */
export const fixturesRoot = resolve(projectRoot, '..', 'shared', 'fixtures')

/**
 * Why fixture tests are skipped, for node:test's `skip`; false when they run. In CI they must run.
 */
export function skipWithoutFixtures(): string | false {
  if (existsSync(fixturesRoot)) return false
  if (process.env.CI === 'true') throw new Error(`CI needs the fixtures at ${fixturesRoot}`)
  return 'the fixtures are not beside the project'
}

function findUp(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory
  return findUp(dirname(directory))
}
