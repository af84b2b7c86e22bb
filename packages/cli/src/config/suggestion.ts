/** Suggestions for mistyped names. */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"

const simplified = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "")

/** The number of letters that differ. A name that begins the other differs by one letter. */
const distance = (a: string, b: string): number =>
  a.length > 2 && b.startsWith(a) ? 1 : AutoCorrect.levensteinDistance(a, b, CliConfig.defaultConfig)

/** The most similar candidate, if it differs by a third of its letters at most. */
export const nearest = (text: string, candidates: ReadonlyArray<string>): string | undefined => {
  let best: string | undefined
  let least = Infinity
  for (const candidate of candidates) {
    const [given, name] = [simplified(text), simplified(candidate)]
    const differs = distance(given, name)
    if (
      given !== "" && differs < least &&
      differs <= Math.max(1, CliConfig.defaultConfig.autoCorrectLimit, name.length / 3) && differs < name.length - 1
    ) {
      best = candidate
      least = differs
    }
  }
  return best
}

/** The end of a message about a name that is not known. */
export const didYouMean = (text: string, candidates: ReadonlyArray<string>, prefix = ""): string => {
  const candidate = nearest(text, candidates)
  return candidate === undefined ? "" : `; did you mean ${prefix}${candidate}?`
}
