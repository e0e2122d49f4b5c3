import { protocolSuite } from '../protocol.suite.js'

type Body = { items: { item: string }[] }
const form = (model: string) => ({
  path: `/v1/recommend/${model}`,
  request: (user: unknown, n: unknown) => ({ user, n }),
  items: ({ items }: Body) => items.map(({ item }) => item),
  unknownUserStatus: 404,
})

protocolSuite('native wire, ItemCF', { algorithm: 'ItemCF', form: form('itemcf') })
protocolSuite('native wire, ALS', { algorithm: 'ALS', form: form('als') })
