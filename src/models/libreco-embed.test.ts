import { writeWorld } from '../../tests/world.js'
import { exact } from '../ann/exact.js'
import { librecoEmbed } from './libreco-embed.js'
import { recommenderSuite } from './recommender.suite.js'

const noEngine = {
  name: 'none',
  available: false,
  open: () => Promise.reject(new Error('there is no engine')),
  close: async () => {},
}

recommenderSuite('ALS', {
  load: async () =>
    librecoEmbed.load(await writeWorld('ALS'), {
      buildIndex: (source) => exact.build(source, { engine: noEngine }),
    }),
})
