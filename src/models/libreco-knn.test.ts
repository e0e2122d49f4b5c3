import { writeWorld } from '../../tests/world.js'
import { librecoKnn } from './libreco-knn.js'
import { recommenderSuite } from './recommender.suite.js'

const noIndex = { buildIndex: () => Promise.reject(new Error('knn needs no index')) }

recommenderSuite('ItemCF', { load: async () => librecoKnn.load(await writeWorld('ItemCF'), noIndex) })
recommenderSuite('UserCF', {
  load: async () => librecoKnn.load(await writeWorld('UserCF'), noIndex),
  skip: {
    sequence: 'UserCF compares users, and a newcomer is like none of them yet',
    similar: 'UserCF holds similarities of users only',
  },
})
