/**
 * How a simulated gateway looks, as text: the live screen, the plain lines, the lines of JSON, and the summary.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import * as Opcode from "@vesper/model/Opcode"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Array from "effect/Array"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Controls from "./Controls.js"
import { counted } from "./internal/describe.js"
import { clock, type Column, fitting, frame, line, type Piece, tableHead, tableLine } from "./internal/draw.js"
import { clean, pad } from "./internal/text.js"
import * as SimulatorBoard from "./SimulatorBoard.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Screen {
  readonly title: string
  readonly board: SimulatorBoard.SimulatorBoard
  readonly sessions: ReadonlyArray<GatewaySimulator.SessionInfo>
  readonly controls: Controls.Controls
  readonly now: number
  readonly columns: number
  readonly rows: number
  readonly hasColours: boolean
}

const nameOf = (op: number): string => Option.getOrElse(Opcode.name(op), () => `opcode ${op}`)

const say = (title: string, text: string): readonly [title: string, text: string] => [title, text]

/** What an entry says: what it is, and more about it. */
const told = LogEntry.match({
  Opened: ({ url }) => say("opened", url),
  Refused: ({ status, url }) => say("refused", `${status} ${url}`),
  Received: ({ bytes, d, op }) => say("received", `${nameOf(op)}, ${bytes} bytes: ${JSON.stringify(d) ?? "nothing"}`),
  Sent: ({ op, s, t }) => say("sent", op === Opcode.Dispatch ? `${t} (${s})` : nameOf(op)),
  Identified: ({ intents, session }) => say("identified", `session ${shortened(session)}, intents ${intents}`),
  Resumed: ({ replayed, session }) => say("resumed", `session ${shortened(session)}, ${replayed} events replayed`),
  Closed: ({ by, code, reason }) =>
    say(
      "closed",
      `by the ${by}${code === undefined ? ", without a close frame" : ` with ${code}`}${
        reason === "" ? "" : `: ${reason}`
      }`
    ),
  SessionEnded: ({ session, why }) => say("session ended", `${shortened(session)}: ${why}`),
  Violation: ({ detail, rule }) => say("VIOLATION", `${rule}: ${detail}`)
})

/**
 * What an entry is, and more about it, fit for one line.
 *
 * @since 0.1.0
 * @category rendering
 */
export const tell = (entry: LogEntry.LogEntry): { readonly title: string; readonly text: string } => {
  const [title, text] = told(entry)
  return { title, text: clean(text) }
}

/** Sessions of the simulator are counted; the zeros before the number say nothing. */
const shortened = (session: string): string => session.replace(/^0+(?=.)/, "")

const connectionLabel = ({ connection }: LogEntry.LogEntry): string => connection === 0 ? "" : `c${connection}`

const shardLabel = ({ shard }: LogEntry.LogEntry): string => shard === undefined ? "" : `#${shard}`

const styleOf = (entry: LogEntry.LogEntry): Ansi.Ansi => {
  switch (entry._tag) {
    case "Violation":
    case "Refused":
      return Ansi.red
    case "Identified":
    case "Resumed":
      return Ansi.green
    case "Closed":
    case "SessionEnded":
      return Ansi.yellow
    default:
      return Ansi.cyan
  }
}

const tailLine = (columns: number, entry: LogEntry.LogEntry): Doc.AnsiDoc => {
  const { text, title } = tell(entry)
  return line(columns, [
    {
      text: `${clock(entry.at)} ${pad(connectionLabel(entry), 5)}${pad(shardLabel(entry), 5)}`,
      style: Ansi.blackBright
    },
    { text: pad(title, 14), style: styleOf(entry) },
    { text }
  ])
}

const ago = (now: number, at: number): string => {
  const seconds = Math.max(0, Math.floor((now - at) / 1_000))
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return minutes === 0
    ? `${rest}s`
    : minutes < 60
    ? `${minutes}m ${rest}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}

const styles: Readonly<Record<SimulatorBoard.Standing, Ansi.Ansi>> = {
  connected: Ansi.green,
  "not identified": Ansi.yellow,
  "waiting for a resume": Ansi.red
}

const tableColumns = (now: number): ReadonlyArray<Column<SimulatorBoard.Row>> => {
  const of =
    (read: (connection: SimulatorBoard.Connection) => string) => ({ connection }: SimulatorBoard.Row): Piece => ({
      text: connection === undefined ? "-" : read(connection)
    })
  return [
    {
      title: "SHARD",
      width: 9,
      weight: 9,
      cell: ({ session }) => ({ text: session === undefined ? "-" : `[${session.shard}/${session.total}]` })
    },
    {
      title: "STATUS",
      width: 22,
      weight: 8,
      cell: (row) => {
        const standing = SimulatorBoard.standing(row)
        return { text: standing, style: styles[standing] }
      }
    },
    { title: "CONNECTION", width: 12, weight: 7, cell: of(({ number }) => `c${number}`) },
    { title: "SINCE", width: 10, weight: 3, cell: of(({ openedAt }) => ago(now, openedAt)) },
    { title: "EVENTS", width: 10, weight: 6, cell: of(({ events }) => String(events)) },
    { title: "RECEIVED", width: 10, weight: 4, cell: of(({ received }) => String(received)) },
    {
      title: "HEARTBEAT",
      width: 12,
      weight: 5,
      cell: of(({ beatAt }) => beatAt === undefined ? "-" : `${ago(now, beatAt)} ago`)
    },
    {
      title: "SEQUENCE",
      width: 10,
      weight: 2,
      cell: ({ session }) => ({ text: session === undefined ? "-" : String(session.sequence) })
    },
    { title: "COMPRESSION", width: 11, weight: 1, cell: of(({ compression }) => compression) }
  ]
}

const totals = ({ board, columns, sessions }: Screen): Doc.AnsiDoc =>
  line(columns, [
    { text: counted(board.violated, "violation"), style: board.violated > 0 ? Ansi.red : Ansi.green },
    {
      text: `, ${counted(HashMap.size(board.connections), "connection")}, ${counted(sessions.length, "session")}, ` +
        `${board.rate.toFixed(1)} events/s, ${counted(board.events, "event")} sent`
    }
  ])

/** Shares the rows that are left: rows of the table first, a few violations, and the rest for the log. */
const shareRows = (left: number, wanted: { readonly rows: number; readonly violations: number }) => {
  const rows = Math.max(0, Math.min(wanted.rows, Math.max(1, left - 6)))
  const violations = Math.max(0, Math.min(wanted.violations, 5, left - rows - 4))
  return { rows, violations, tail: Math.max(0, left - rows - violations) }
}

/** What the log shows: a filter looks at events and heartbeats too. */
const logOf = ({ board, controls }: Screen): ReadonlyArray<LogEntry.LogEntry> =>
  (controls.filter === "" ? board.tail : SimulatorBoard.searched(board)).filter((entry) => {
    const { text, title } = tell(entry)
    return Controls.shows(controls, { ...entry, text: `${connectionLabel(entry)} ${title} ${text}` })
  })

/**
 * Everything on one screen, drawn over what was there before.
 *
 * @since 0.1.0
 * @category rendering
 */
export const screen = (self: Screen): string => {
  const { board, columns } = self
  const shown = fitting(tableColumns(self.now), columns)
  const all = SimulatorBoard.rows(board, self.sessions)
  // Title, totals, two gaps, the header, the headings of violations and log, and the footer.
  const share = shareRows(self.rows - 9, { rows: all.length, violations: board.violations.length })
  const hidden = all.length - share.rows
  const last = (entries: ReadonlyArray<LogEntry.LogEntry>, count: number) =>
    (count === 0 ? [] : entries.slice(-count)).map((entry) => tailLine(columns, entry))
  const lines = [
    line(columns, [{ text: self.title, style: Ansi.bold }]),
    totals(self),
    Doc.empty,
    tableHead(columns, shown),
    ...all.slice(0, share.rows).map((it) => tableLine(columns, shown, ({ cell }) => cell(it))),
    ...(hidden > 0 ? [line(columns, [{ text: `and ${hidden} more`, style: Ansi.blackBright }])] : []),
    Doc.empty,
    ...(share.violations > 0
      ? [line(columns, [{ text: "VIOLATIONS", style: Ansi.red }]), ...last(board.violations, share.violations)]
      : []),
    line(columns, [{ text: "LOG", style: Ansi.blackBright }]),
    ...last(logOf(self), share.tail)
  ].slice(0, Math.max(0, self.rows - 1))
  const gap = self.rows - 1 - lines.length
  return frame(
    [
      ...lines,
      ...(gap > 0 ? Array.makeBy(gap, () => Doc.empty) : []),
      line(columns, [{ text: Controls.footer(self.controls), style: Ansi.bold }])
    ],
    self.hasColours
  )
}

/**
 * A line for output that is no terminal.
 *
 * @since 0.1.0
 * @category rendering
 */
export const plain = (entry: LogEntry.LogEntry): string => {
  const { text, title } = tell(entry)
  return `${clock(entry.at)} ${pad(connectionLabel(entry), 5)}${pad(shardLabel(entry), 5)}${title}  ${text}`
}

/**
 * An entry as a line of JSON.
 *
 * @since 0.1.0
 * @category rendering
 */
export const json = ({ _tag, ...entry }: LogEntry.LogEntry): string => JSON.stringify({ kind: _tag, ...entry })

/**
 * What it came to in the end.
 *
 * @since 0.1.0
 * @category rendering
 */
export const summary = (board: SimulatorBoard.SimulatorBoard): string =>
  [
    `${counted(board.opened, "connection")}`,
    `${board.identified} identified`,
    `${board.resumed} resumed`,
    `${counted(board.events, "event")} sent`,
    `${counted(board.received, "payload")} received`,
    ...(board.refused > 0 ? [`${board.refused} refused`] : []),
    counted(board.violated, "violation")
  ].join(", ")
