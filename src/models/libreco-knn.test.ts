import { loadRecommender } from '../../tests/load-tools.js'
import { writeWorld } from '../../tests/world.js'
import { librecoKnn } from './libreco-knn.js'
import { recommenderSuite } from './recommender.suite.js'

recommenderSuite('ItemCF', { load: async () => loadRecommender(librecoKnn, await writeWorld('ItemCF')) })
recommenderSuite('UserCF', {
  load: async () => loadRecommender(librecoKnn, await writeWorld('UserCF')),
  skip: {
    sequence: 'UserCF compares users, and a newcomer is like none of them yet',
    similar: 'UserCF holds similarities of users only',
  },
})
