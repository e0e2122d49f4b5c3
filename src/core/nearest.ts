/**
 * The known words most like a mistyped one, best first, none that has less than half in common.
 * Levenshtein distance over the longer length (Wagner and Fischer, 1974).
 */
export function nearest(word: string, known: Iterable<string>, most = 3): readonly string[] {
  return [...known]
    .map((name) => ({ name, likeness: 1 - distance(word, name) / Math.max(word.length, name.length, 1) }))
    .filter(({ likeness }) => likeness >= 0.5)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, most)
    .map(({ name }) => name)
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}
