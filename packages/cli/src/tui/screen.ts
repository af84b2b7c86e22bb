/** A view on a terminal. */
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import * as Array from "effect/Array"
import * as Controls from "./controls.js"
import type { Display, Line, Mark, Panel, Row } from "./display.js"
import * as Draw from "./draw.js"
import { clock, measureWidth, pad, wrap } from "./text.js"

export interface Screen {
  readonly controls: Controls.Controls
  readonly columns: number
  readonly rows: number
  readonly hasColours: boolean
}

/** Rows that are kept for the log, as long as there are as many. */
const minLogRows = 3

/** One cell a mark: with its text if all fit, else the symbol alone. The last row counts those for which it has no room. */
const marksLines = (marks: ReadonlyArray<Mark>, columns: number, rows: number): ReadonlyArray<Doc.AnsiDoc> => {
  const textWidth = Math.max(1, ...marks.map(({ text }) => text.length))
  const roomy = Math.floor(columns / (textWidth + 3))
  const isRoomy = marks.length <= rows * roomy
  const pieces = marks.map(({ symbol, text, tone }): Draw.Piece => ({
    text: isRoomy ? `${symbol} ${pad(text, textWidth)} ` : symbol,
    tone
  }))
  const room = marks.length <= rows * columns || isRoomy
    ? marks.length
    : rows * columns - ` +${marks.length} more`.length
  const chunks = Array.chunksOf(pieces.slice(0, Math.max(0, room)), isRoomy ? roomy : columns)
  return chunks.map((cells, row) =>
    Draw.line(columns, row < chunks.length - 1 ? cells : [...cells, { text: more(marks.length - room), tone: "quiet" }])
  )
}

const more = (hidden: number): string => hidden > 0 ? ` +${hidden} more` : ""

const logLines = (lines: ReadonlyArray<Line>, columns: number): ReadonlyArray<Doc.AnsiDoc> => {
  const originWidth = Math.max(4, ...lines.map(({ origin }) => measureWidth(origin))) + 1
  const titleWidth = Math.min(28, Math.max(0, ...lines.map(({ title }) => measureWidth(title)))) + 1
  // A narrow screen shows the text in place of the time.
  const time = (at: number) => columns < 50 ? "" : `${clock(at)} `
  return lines.map(({ at, origin, text, title, tone }) =>
    Draw.line(columns, [
      { text: `${time(at)}${pad(origin, originWidth)}`, tone: "quiet" },
      { text: pad(title, titleWidth), tone },
      { text }
    ])
  )
}

/** Puts the troubled rows first if not all fit. */
const select = (rows: ReadonlyArray<Row>, room: number): ReadonlyArray<Row> =>
  rows.length <= room
    ? rows
    : [...rows.filter(({ isTroubled }) => isTroubled), ...rows.filter(({ isTroubled }) => !isTroubled)].slice(0, room)

/** The rows of a panel without its heading. */
const wantedRows = (panel: Panel, columns: number): number =>
  panel.kind === "marks"
    ? Math.ceil(panel.marks.length * 6 / columns)
    : (panel.kind === "table" ? panel.rows : panel.lines).length

const panelLines = (panel: Panel, { columns }: Screen, rows: number): ReadonlyArray<Doc.AnsiDoc> => {
  switch (panel.kind) {
    case "marks":
      return marksLines(panel.marks, columns, rows)
    case "table": {
      const hidden = panel.rows.length - rows
      const room = hidden > 0 ? Math.max(1, rows - 1) : rows
      const cells = select(panel.rows, room).map(({ cells }) => cells)
      return [
        Doc.empty,
        ...Draw.table(columns, panel.columns, cells),
        ...(hidden > 0 && rows > 1
          ? [Draw.line(columns, [{ text: more(panel.rows.length - room).trim(), tone: "quiet" }])]
          : [])
      ]
    }
    case "lines": {
      const heading = panel.title.toUpperCase() + more(panel.lines.length - rows)
      return [
        Doc.empty,
        Draw.line(columns, [{ text: heading, tone: "quiet" }]),
        ...logLines(panel.lines.slice(-rows), columns)
      ]
    }
  }
}

/** Panels of lines take their rows before tables, whose first rows repeat the marks. */
const priorities: Readonly<Record<Panel["kind"], number>> = { marks: 0, lines: 1, table: 2 }

/** Returns the rows of each panel: at most its share, as far as there are any. */
const shareRows = (panels: ReadonlyArray<Panel>, { columns }: Screen, rows: number): ReadonlyMap<Panel, number> => {
  const shares = new Map<Panel, number>()
  let left = rows - minLogRows
  for (const panel of panels.toSorted((a, b) => priorities[a.kind] - priorities[b.kind])) {
    const heading = panel.kind === "marks" ? 0 : 2
    const most = Math.max(1, Math.floor(rows * panel.share))
    const room = Math.min(wantedRows(panel, columns), most, left - heading)
    // A single row of a table would hide how many there are.
    if (room > 0 && (panel.kind !== "table" || room > 1 || panel.rows.length === 1)) {
      shares.set(panel, room)
      left -= room + heading
    }
  }
  return shares
}

/** Draws the panels in their order, and returns how many rows are left. */
const drawPanels = (panels: ReadonlyArray<Panel>, screen: Screen, rows: number) => {
  const shares = shareRows(panels, screen, rows)
  const lines = panels.flatMap((panel) => {
    const room = shares.get(panel)
    return room === undefined ? [] : panelLines(panel, screen, room)
  })
  return { lines, left: Math.max(0, rows - lines.length) }
}

const keyWidth = 9

const help = (columns: number): ReadonlyArray<Doc.AnsiDoc> =>
  Controls.bindings.flatMap(([, name, help]) =>
    wrap(help, columns - keyWidth).map((text, index) =>
      Draw.line(columns, [{ text: pad(index === 0 ? name : "", keyWidth), tone: "accent" }, { text }])
    )
  )

/** Draws a view on one screen, over the one before. */
export const screen = (display: Display, self: Screen): string => {
  const { columns, controls, hasColours, rows } = self
  const facts = display.facts.map(({ label, tone, value }) => ({ text: `${value} ${label}`, tone }))
  const top = [
    Draw.line(columns, [{ text: display.title, tone: "bold" }]),
    ...Draw.flow(columns, facts, columns < 60 ? 3 : 2),
    ...(display.notice === null ? [] : [Draw.line(columns, [{ text: display.notice, tone: "accent" }])])
  ]
  // The footer, the heading of the log and the gap before it.
  const { left, lines } = drawPanels(display.panels, self, rows - top.length - 3)
  const { filter, scrolled } = controls
  const log = (filter === "" ? display.log : display.searched.lines).filter((line) => Controls.shows(controls, line))
  const end = Math.max(Math.min(left, log.length), log.length - scrolled)
  const shown = log.slice(Math.max(0, end - left), end)
  const heading = filter === "" ? "LOG" : `LOG, ${display.searched.what}`
  const keys = help(columns)
  const body = controls.isHelpShown ? (top.length + keys.length + 2 > rows ? keys : [...top, Doc.empty, ...keys]) : [
    ...top,
    ...lines,
    Doc.empty,
    Draw.line(columns, [{ text: heading, tone: "quiet" }]),
    ...(left === 0 ? [] : logLines(shown, columns))
  ]
  const cut = body.slice(0, Math.max(0, rows - 1))
  return Draw.frame([
    ...cut,
    ...(rows - 1 > cut.length ? Array.makeBy(rows - 1 - cut.length, () => Doc.empty) : []),
    Draw.line(columns, [{ text: Controls.footer(controls, display.searched.what, columns), tone: "bold" }])
  ], hasColours)
}

/** A line of the log for an output that is not a terminal. */
export const plainLine = ({ at, origin, text, title }: Line): string =>
  `${clock(at)} ${pad(origin, 5)} ${title}${text === "" ? "" : `  ${text}`}`
