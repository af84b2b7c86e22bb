/** What somebody may have meant. */

const pairsOf = (text: string): ReadonlyArray<string> => {
  const padded = ` ${text.toLowerCase().replace(/[^a-z0-9]/g, "")} `
  return Array.from({ length: padded.length - 1 }, (_, i) => padded.slice(i, i + 2))
}

/** How much of two texts is the same, from 0 to 1: the pairs of letters that they share. */
export const similarity = (a: string, b: string): number => {
  const [pairsOfA, left] = [pairsOf(a), [...pairsOf(b)]]
  const total = pairsOfA.length + left.length
  let shared = 0
  for (const pair of pairsOfA) {
    const index = left.indexOf(pair)
    if (index !== -1) {
      left.splice(index, 1)
      shared++
    }
  }
  return (2 * shared) / total
}

/** From here on a word may have been meant; below, it would be a guess. */
const enough = 0.4

/** The most similar of the candidates, the first of equals. */
const nearest = (text: string, candidates: ReadonlyArray<string>): string =>
  candidates.reduce(
    (best, candidate) => similarity(text, candidate) > similarity(text, best) ? candidate : best,
    candidates[0] ?? ""
  )

/** What to say after what is wrong, if anything is near. */
export const orRather = (text: string, candidates: ReadonlyArray<string>, prefix = ""): string => {
  const candidate = nearest(text, candidates)
  return similarity(text, candidate) < enough ? "" : `; did you mean ${prefix}${candidate}?`
}
