/** The whole walk in this process, on the world's models and a free port: for suites that need many servers quickly. */
import { exact } from '../src/ann/exact.js'
import { createModelLoader, recognise } from '../src/app/model-loader.js'
import type { StageEvent } from '../src/core/stage-events.js'
import { noEngine } from '../src/engines/no-engine.js'
import { createFileSystemSource } from '../src/lifecycle/file-system-source.js'
import { createManager } from '../src/lifecycle/manager.js'
import { modelKinds } from '../src/models/index.js'
import { createHttpServer } from '../src/protocols/http-server.js'
import { protocols } from '../src/protocols/index.js'
import { createService } from '../src/service/index.js'
import { createMemoryStore } from '../src/stores/memory.js'
import { temporaryFolder } from './temporary.js'
import { type WorldAlgorithm, writeWorld } from './world.js'

export interface TestServer {
  readonly url: string
  /** Every stage event so far. */
  readonly events: readonly StageEvent[]
  close(): Promise<void>
}

export interface TestServerOptions {
  readonly algorithms: readonly WorldAlgorithm[]
  readonly fallback?: 'none' | 'popular'
  readonly libservingAnswers?: 'python' | 'rust'
  readonly libservingModels?: ReadonlyMap<string, string>
  readonly userToItemMask?: boolean
  readonly maxConnections?: number
  readonly requestTimeoutMs?: number
}

export async function createTestServer(options: TestServerOptions): Promise<TestServer> {
  const events: StageEvent[] = []
  const onEvent = (event: StageEvent) => void events.push(event)
  const now = () => performance.now()
  const store = createMemoryStore()
  const loader = createModelLoader({
    kinds: modelKinds,
    indexKind: exact,
    indexTools: { engine: noEngine },
    savedModels: { tags: ['serve'], checksums: true },
    store,
  })
  const manager = createManager({ loader, onEvent, now })
  const root = temporaryFolder('test')
  for (const algorithm of options.algorithms) await writeWorld(algorithm, root)
  const source = createFileSystemSource({
    paths: [root],
    names: new Map(),
    recognise: (directory) => recognise(modelKinds, directory),
    allVersions: false,
    onWarning: () => {},
  })
  await manager.apply(await source.aspiredVersions())
  const service = createService({ manager, store, fallback: options.fallback ?? 'none', onEvent, now })
  const server = createHttpServer({
    protocols,
    context: {
      service,
      onEvent,
      maxN: 1000,
      maxTensorBodyBytes: 2 ** 24,
      libservingAnswers: options.libservingAnswers ?? 'python',
      libservingModels: options.libservingModels ?? new Map(),
      userToItemMask: options.userToItemMask ?? false,
      metrics: async () => ({ contentType: 'text/plain', body: '' }),
    },
    maxConnections: options.maxConnections ?? 100,
    maxBodyBytes: 1024 * 1024,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    url: `http://127.0.0.1:${port}`,
    events,
    async close() {
      await server.close(1000)
      await manager.close()
    },
  }
}
