/** Text that others have written, made fit for one line of a terminal. */
import stringWidth from "string-width"

const segmenter = new Intl.Segmenter()

/** Leaves out what could steer the terminal: escape sequences, line breaks, and marks that turn the writing around. */
export const clean = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ").trim()

/** How many columns of a terminal the text takes: wide characters take two. */
export const widthOf: (text: string) => number = stringWidth

/** Cuts the text so that it takes at most so many columns. */
export const fit = (text: string, columns: number): string => {
  if (stringWidth(text) <= columns) {
    return text
  }
  let fitted = ""
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    width += stringWidth(segment)
    if (width > columns - 1) {
      break
    }
    fitted += segment
  }
  return columns > 0 ? `${fitted}…` : ""
}

/** Fills up with blanks, or cuts, to exactly so many columns. */
export const pad = (text: string, columns: number): string => {
  const fitted = fit(text, columns)
  return fitted + " ".repeat(Math.max(0, columns - stringWidth(fitted)))
}
