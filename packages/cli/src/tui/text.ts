/** Text of unknown origin, made safe for one line of a terminal. */
import stringWidth from "string-width"

const segmenter = new Intl.Segmenter()

/** Replaces escape sequences, line breaks and marks of writing direction, which would change the terminal's state. */
export const clean = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ").trim()

/** The number of columns that the text takes: wide characters take two. */
export const measureWidth: (text: string) => number = stringWidth

/** Cuts the text to a number of columns, between two words if that leaves half of them. */
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
  const lastSpace = text[fitted.length] === " " ? fitted.length : fitted.lastIndexOf(" ")
  return columns > 0 ? `${lastSpace > fitted.length / 2 ? fitted.slice(0, lastSpace) : fitted}…` : ""
}

/** Divides the text between words into lines of at most some columns. A longer word has a line of its own. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last === undefined || stringWidth(last) + 1 + stringWidth(word) > columns) {
      lines.push(word)
    } else {
      lines[lines.length - 1] = `${last} ${word}`
    }
  }
  return lines
}

/** Wraps each line of a text between words. */
export const wrapLines = (text: string, columns: number): string =>
  text.split("\n").flatMap((line) => wrap(line, columns)).join("\n")

/** Pads the text with blanks, or cuts it, to a number of columns. */
export const pad = (text: string, columns: number): string => {
  const fitted = fit(text, columns)
  return fitted + " ".repeat(Math.max(0, columns - stringWidth(fitted)))
}

/** `1 event`, `2 events`. */
export const counted = (count: number, noun: string): string => `${count} ${plural(count, noun)}`

export const plural = (count: number, noun: string): string => count === 1 ? noun : `${noun}s`

/** The time of day, to the second. */
export const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8)

/** Numbers in a row as `3-7`: a runner may have hundreds of shards. */
export const ranges = (ids: ReadonlyArray<number>): string => {
  const runs: Array<[first: number, last: number]> = []
  for (const id of ids) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === id - 1) {
      run[1] = id
    } else {
      runs.push([id, id])
    }
  }
  return runs.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ")
}
