import { createMemoryStore } from './memory.js'

export const stores = { memory: createMemoryStore } as const
