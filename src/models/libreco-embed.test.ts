import { writeWorld } from '../../tests/world.js'
import { exact } from '../ann/exact.js'
import { noEngine } from '../engines/no-engine.js'
import { librecoEmbed } from './libreco-embed.js'
import { recommenderSuite } from './recommender.suite.js'

recommenderSuite('ALS', {
  load: async () =>
    librecoEmbed.load(await writeWorld('ALS'), {
      buildIndex: (source) => exact.build(source, { engine: noEngine }),
    }),
})
