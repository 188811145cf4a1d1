import { closest, distance } from 'fastest-levenshtein'

/**
 * The known word a misspelt one was probably meant to be: the same letters in another order, or at most
 * 2 edits away (1 in words of up to 4 letters).
 */
export function suggest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const lower = word.toLowerCase()
  const sameLetters = known.find((candidate) => candidate.toLowerCase() === lower)
  if (sameLetters !== undefined) return sameLetters
  const shuffled = known.find((candidate) => lettersOf(candidate) === lettersOf(word))
  if (shuffled !== undefined) return shuffled
  const best = closest(word, known)
  const editsMax = Math.min(word.length, best.length) <= 4 ? 1 : 2
  return distance(word, best) <= editsMax ? best : undefined
}

function lettersOf(word: string): string {
  return [...word.toLowerCase()].toSorted().join('')
}
