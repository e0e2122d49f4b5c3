import { createMemoryStore } from './memory.js'
import { storeSuite } from './store.suite.js'

storeSuite('memory', async () => createMemoryStore())
