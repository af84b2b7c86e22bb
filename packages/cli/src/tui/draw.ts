/** Lines of coloured pieces, tables, and frames of lines. */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import type { Cell, Column, Tone } from "./display.js"
import { fit, measureWidth, pad } from "./text.js"

export interface Piece {
  readonly text: string
  readonly tone?: Tone | "bold" | undefined
}

const styles: Readonly<Record<NonNullable<Piece["tone"]>, Ansi.Ansi>> = {
  good: Ansi.green,
  busy: Ansi.yellow,
  bad: Ansi.red,
  quiet: Ansi.blackBright,
  accent: Ansi.cyan,
  bold: Ansi.bold
}

/** Puts pieces side by side, cut to the width of the screen. */
export const line = (columns: number, pieces: ReadonlyArray<Piece>): Doc.AnsiDoc => {
  let left = columns
  return Doc.hcat(pieces.map(({ text, tone }) => {
    const fitted = fit(text, left)
    left -= measureWidth(fitted)
    const doc = Doc.text(fitted)
    return tone === undefined ? doc : Doc.annotate(doc, styles[tone])
  }))
}

/** Puts pieces one after the other, on as many lines as they need. A piece is not divided. */
export const flow = (columns: number, pieces: ReadonlyArray<Piece>, maxLines: number): ReadonlyArray<Doc.AnsiDoc> => {
  const lines: Array<Array<Piece>> = []
  let left = 0
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last === undefined || left < measureWidth(piece.text) + 2) {
      lines.push([piece])
      left = columns - measureWidth(piece.text)
    } else {
      last.push({ text: ", " }, piece)
      left -= measureWidth(piece.text) + 2
    }
  }
  return lines.slice(0, maxLines).map((pieces) => line(columns, pieces))
}

/** The indices of the columns that the screen has room for, in their order. */
const fitting = (all: ReadonlyArray<Column>, columns: number): ReadonlyArray<number> => {
  const shown = Array.from(all.keys())
  const width = () => shown.reduce((sum, index) => sum + (all[index]?.width ?? 0), 0)
  const byWeight = shown.toSorted((a, b) => (all[a]?.weight ?? 0) - (all[b]?.weight ?? 0))
  while (shown.length > 1 && width() > columns) {
    shown.splice(shown.indexOf(byWeight.shift() ?? 0), 1)
  }
  return shown
}

const levels = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

/** A column for each value, between the least and the greatest of them; equal values are low. */
export const sparkline = (values: ReadonlyArray<number>): string => {
  const [least, greatest] = [Math.min(...values), Math.max(...values)]
  const span = greatest - least
  return values
    .map((value) => levels[span === 0 ? 0 : Math.round((value - least) / span * (levels.length - 1))])
    .join("")
}

const bar = (share: number, columns: number): string =>
  "█".repeat(share <= 0 ? 0 : Math.max(1, Math.round(share * columns)))

const pieces = ({ marks = [], share, text, tone, trend }: Cell, room: number): ReadonlyArray<Piece> => {
  if (trend !== undefined) {
    return [{ text: sparkline(trend), tone: "accent" }]
  }
  if (share !== undefined) {
    return [{ text: bar(share, Math.min(40, room)), tone: "accent" }]
  }
  const symbols = marks.length > 0 && marks.length < room - measureWidth(text)
    ? [...marks.map(({ symbol, tone }) => ({ text: symbol, tone })), { text: " " }]
    : []
  return [...symbols, { text, tone }]
}

/** The lines of a table. The first names its columns, and the last column takes the rest of the width. */
export const table = (
  columns: number,
  all: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>
): ReadonlyArray<Doc.AnsiDoc> => {
  const shown = fitting(all, columns)
  const head = all.map(({ title }): Cell => ({ text: title.toUpperCase(), tone: "quiet" }))
  return [head, ...rows].map((cells) => {
    let left = columns
    return line(
      columns,
      shown.flatMap((index, place) => {
        const [cell = { text: "" }, width = 0] = [cells[index], all[index]?.width]
        if (place === shown.length - 1) {
          return pieces(cell, left)
        }
        left -= width
        return pieces(cell, width).map(({ text, tone }) => ({ text: `${pad(text, width - 1)} `, tone }))
      })
    )
  })
}

/** A whole screen, drawn over the one before. */
export const frame = (lines: ReadonlyArray<Doc.AnsiDoc>, hasColours: boolean): string => {
  const home = Ansi.stringify(Ansi.cursorTo(0, 0))
  const eraseEnd = Ansi.stringify(Ansi.eraseEndLine)
  // The compact style would leave the colours out. No document here has lines of its own.
  const body = lines
    .map((doc) => Doc.render(hasColours ? doc : Doc.unAnnotate(doc), { style: "pretty" }) + eraseEnd)
    .join("\r\n")
  return home + body + Ansi.stringify(Ansi.eraseDown)
}

/** Switches to the terminal's second page. */
export const enter: string = "\u001b[?1049h" + Ansi.stringify(Ansi.cursorHide) + Ansi.stringify(Ansi.eraseScreen)

/** Restores the first page as it was. */
export const leave: string = Ansi.stringify(Ansi.cursorShow) + "\u001b[?1049l"
