/**
 * How a board looks, as text: the live screen, the plain lines, the lines of JSON, and the summary.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import type * as Latency from "@vesper/gateway/Latency"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Board from "./Board.js"
import { nameOf } from "./internal/describe.js"
import { clock, frame, line } from "./internal/draw.js"
import { pad } from "./internal/text.js"

/**
 * Where a shard stands at the moment of drawing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Standing {
  readonly id: string
  readonly status: ShardStatus.ShardStatus
  readonly latency: Latency.Latency
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Screen {
  readonly title: string
  readonly shards: ReadonlyArray<Standing>
  readonly board: Board.Board
  readonly columns: number
  readonly rows: number
  readonly hasColours: boolean
}

const describeStatus = ShardStatus.match({
  Disconnected: ({ closeCode, reconnectAttempts }) =>
    `disconnected${Option.match(closeCode, { onNone: () => "", onSome: (code) => ` (${code})` })}${
      reconnectAttempts > 1 ? `, attempt ${reconnectAttempts}` : ""
    }`,
  Connecting: () => "connecting",
  Identifying: () => "identifying",
  Resuming: () => "resuming",
  Connected: () => "connected",
  FatallyClosed: ({ closeCode }) => `closed for good (${closeCode})`
})

const colour = ShardStatus.match({
  Disconnected: () => Ansi.red,
  Connecting: () => Ansi.yellow,
  Identifying: () => Ansi.yellow,
  Resuming: () => Ansi.cyan,
  Connected: () => Ansi.green,
  FatallyClosed: () => Ansi.red
})

const describeLatency = ({ average }: Latency.Latency): string =>
  Option.match(average, { onNone: () => "-", onSome: (mean) => `${Math.round(Duration.toMillis(mean))} ms` })

const widths = { id: 9, status: 24, rate: 11, latency: 10, events: 9, resumes: 9, sessions: 10 }

const header = (columns: number): Doc.AnsiDoc =>
  line(columns, [{
    text: pad("SHARD", widths.id) + pad("STATUS", widths.status) + pad("EVENTS/S", widths.rate) +
      pad("LATENCY", widths.latency) + pad("EVENTS", widths.events) + pad("RESUMES", widths.resumes) +
      pad("SESSIONS", widths.sessions) + "LOST",
    style: Ansi.blackBright
  }])

const row = (screen: Screen, index: number, { id, latency, status }: Standing): Doc.AnsiDoc => {
  const { events, lost, resumes, sessions } = screen.board.shards[index] ?? Board.totals(screen.board)
  return line(screen.columns, [
    { text: pad(id, widths.id) },
    { text: pad(describeStatus(status), widths.status), style: colour(status) },
    { text: pad((screen.board.rates[index] ?? 0).toFixed(1), widths.rate) },
    { text: pad(describeLatency(latency), widths.latency) },
    { text: pad(String(events), widths.events) + pad(String(resumes), widths.resumes) },
    { text: pad(String(sessions), widths.sessions) },
    lost > 0 ? { text: String(lost), style: Ansi.red } : { text: "0" }
  ])
}

const shardLabel = ({ shard }: Board.Entry): string => shard === undefined ? "     " : `#${shard}`.padEnd(5)

const tailLine = (columns: number, entry: Board.Entry): Doc.AnsiDoc =>
  line(columns, [
    { text: `${clock(entry.at)} ${shardLabel(entry)}`, style: Ansi.blackBright },
    entry.kind === "event"
      ? { text: pad(entry.title, 28), style: Ansi.cyan }
      : { text: pad(entry.title, 8), style: Ansi.yellow },
    { text: entry.text }
  ])

/**
 * Everything on one screen, drawn over what was there before.
 *
 * @since 0.1.0
 * @category rendering
 */
export const screen = (self: Screen): string => {
  const fixed = [
    line(self.columns, [{ text: self.title, style: Ansi.bold }, { text: "   q ends" }]),
    Doc.empty,
    header(self.columns),
    ...self.shards.map((standing, index) => row(self, index, standing)),
    Doc.empty
  ]
  const room = Math.max(0, self.rows - fixed.length - 1)
  const tail = room === 0 ? [] : self.board.tail.slice(-room).map((entry) => tailLine(self.columns, entry))
  return frame([...fixed, ...tail], self.hasColours)
}

/**
 * A line for output that is no terminal.
 *
 * @since 0.1.0
 * @category rendering
 */
export const plain = (entry: Board.Entry): string =>
  `${clock(entry.at)} ${shardLabel(entry)} ${entry.title}${entry.text === "" ? "" : `  ${entry.text}`}`

/**
 * An event as a line of JSON, under the name that it has on the wire.
 *
 * @since 0.1.0
 * @category rendering
 */
export const json = (event: Dispatch.Dispatch, shard: number | undefined): string =>
  JSON.stringify({ shard, t: nameOf(event), s: event.s, d: event.d })

/**
 * What it came to in the end.
 *
 * @since 0.1.0
 * @category rendering
 */
export const summary = (board: Board.Board, end: { readonly missing: number; readonly kept: number }): string => {
  const { events, lost, repeated, resumes, sessions } = Board.totals(board)
  const missed = lost + end.missing
  const counted = [`${events} events`, `${sessions} sessions begun`, `${resumes} resumed`, `${missed} events lost`]
  return [
    ...counted,
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
    `${end.kept} of ${board.shards.length} sessions kept for a later resume`
  ].join(", ")
}
