/** Suggestions for mistyped names. */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"

const simplified = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "")

/** The number of letters that differ. A name that begins the other differs by one letter. */
const distance = (a: string, b: string): number =>
  a.length > 2 && b.startsWith(a) ? 1 : AutoCorrect.levensteinDistance(a, b, CliConfig.defaultConfig)

/** The most similar candidate, if it differs by a third of its letters at most. */
export const nearest = (text: string, candidates: ReadonlyArray<string>): string | undefined => {
  const given = simplified(text)
  const similar = candidates.map((candidate) => {
    const { length } = simplified(candidate)
    const differs = distance(given, simplified(candidate))
    const limit = Math.max(1, CliConfig.defaultConfig.autoCorrectLimit, length / 3)
    return { candidate, differs, isSimilar: given !== "" && differs <= limit && differs < length - 1 }
  }).filter(({ isSimilar }) => isSimilar)
  return similar.toSorted((a, b) => a.differs - b.differs)[0]?.candidate
}

/** The end of a message about a name that is not known. */
export const didYouMean = (text: string, candidates: ReadonlyArray<string>, prefix = ""): string => {
  const candidate = nearest(text, candidates)
  return candidate === undefined ? "" : `; did you mean ${prefix}${candidate}?`
}
