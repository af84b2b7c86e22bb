/** What all views are drawn with: lines of coloured pieces, and frames of lines. */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import { fit, pad, widthOf } from "./text.js"

export interface Piece {
  readonly text: string
  readonly style?: Ansi.Ansi
}

/** Puts pieces side by side, cut to the width of the screen before any colour is added. */
export const line = (columns: number, pieces: ReadonlyArray<Piece>): Doc.AnsiDoc => {
  let left = columns
  return Doc.hcat(pieces.map(({ style, text }) => {
    const fitted = fit(text, left)
    left -= widthOf(fitted)
    const doc = Doc.text(fitted)
    return style === undefined ? doc : Doc.annotate(doc, style)
  }))
}

/** A column of a table. */
export interface Column<A> {
  readonly title: string
  readonly width: number
  /** Where there is no room for all columns, those with the least go first. */
  readonly weight: number
  readonly cell: (row: A) => Piece
}

/** The columns that there is room for, in their order. */
export const fitting = <A>(all: ReadonlyArray<Column<A>>, columns: number): ReadonlyArray<Column<A>> => {
  const least = all.reduce((least, column) => column.weight < least ? column.weight : least, Infinity)
  return all.length <= 1 || all.reduce((sum, { width }) => sum + width, 0) <= columns
    ? all
    : fitting(all.filter(({ weight }) => weight > least), columns)
}

const padded = ({ style, text }: Piece, width: number): Piece => ({
  text: pad(text, width),
  ...(style !== undefined && { style })
})

/** A line of a table: the last column takes what is left. */
export const tableLine = <A>(columns: number, shown: ReadonlyArray<Column<A>>, cell: (column: Column<A>) => Piece) =>
  line(columns, shown.map((column, i) => i === shown.length - 1 ? cell(column) : padded(cell(column), column.width)))

/** The line of a table that names its columns. */
export const tableHead = <A>(columns: number, shown: ReadonlyArray<Column<A>>): Doc.AnsiDoc =>
  tableLine(columns, shown, ({ title }) => ({ text: title, style: Ansi.blackBright }))

/** The time of day. */
export const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8)

/** A whole screen, drawn over what was there before. */
export const frame = (lines: ReadonlyArray<Doc.AnsiDoc>, hasColours: boolean): string => {
  const home = Ansi.stringify(Ansi.cursorTo(0, 0))
  const eraseEnd = Ansi.stringify(Ansi.eraseEndLine)
  // The compact style would leave the colours out; nothing here can break into lines of its own.
  const body = lines
    .map((doc) => Doc.render(hasColours ? doc : Doc.unAnnotate(doc), { style: "pretty" }) + eraseEnd)
    .join("\r\n")
  return home + body + Ansi.stringify(Ansi.eraseDown)
}

/** Turns to the terminal's second page, so that the first is as it was when the view ends. */
export const enter: string = "\u001b[?1049h" + Ansi.stringify(Ansi.cursorHide) + Ansi.stringify(Ansi.eraseScreen)

/** Undoes `enter`. */
export const leave: string = Ansi.stringify(Ansi.cursorShow) + "\u001b[?1049l"
