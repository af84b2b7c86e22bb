/**
 * How a board looks, as text: the live screen, the plain lines, the lines of JSON, and the summary.
 *
 * @since 0.1.0
 */
import * as Ansi from "@effect/printer-ansi/Ansi"
import * as Doc from "@effect/printer-ansi/AnsiDoc"
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import type * as Fleet from "@vesper/gateway/Fleet"
import type * as Latency from "@vesper/gateway/Latency"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Array from "effect/Array"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Board from "./Board.js"
import * as Controls from "./Controls.js"
import { ranges } from "./internal/clusterView.js"
import { counted, nameOf } from "./internal/describe.js"
import { clock, type Column, fitting, frame, line, type Piece, tableHead, tableLine } from "./internal/draw.js"
import { bar, sparkline } from "./internal/graph.js"
import { pad, widthOf } from "./internal/text.js"

/**
 * Where a shard stands at the moment of drawing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Standing {
  readonly id: ShardId.ShardId
  readonly status: ShardStatus.ShardStatus
  readonly latency: Latency.Latency
  /** Events that wait to be read. */
  readonly buffered: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Screen {
  readonly title: string
  readonly shards: ReadonlyArray<Standing>
  readonly board: Board.Board
  /** Identifies that are left today; none if nobody was asked. */
  readonly budget: Option.Option<Budget>
  /** A change of the number of shards that is under way, in words. */
  readonly resharding: Option.Option<string>
  /** The cluster that the shards are a part of. */
  readonly cluster: Option.Option<ClusterStatus.ClusterStatus>
  readonly controls: Controls.Controls
  readonly columns: number
  readonly rows: number
  readonly hasColours: boolean
}

/**
 * How many identifies are left, out of how many.
 *
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  readonly remaining: number
  readonly total: number
}

/**
 * Where a shard stands, in words.
 *
 * @since 0.1.0
 * @category rendering
 */
export const describeStatus: (status: ShardStatus.ShardStatus) => string = ShardStatus.match({
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

const colours: Readonly<Record<ShardStatus.ShardStatus["_tag"], Ansi.Ansi>> = {
  Disconnected: Ansi.red,
  Connecting: Ansi.yellow,
  Identifying: Ansi.yellow,
  Resuming: Ansi.cyan,
  Connected: Ansi.green,
  FatallyClosed: Ansi.red
}

const describeLatency = ({ average }: Latency.Latency): string =>
  Option.match(average, { onNone: () => "-", onSome: (mean) => `${Math.round(Duration.toMillis(mean))} ms` })

/** Told apart by more than the colour. */
const symbols: Readonly<Record<ShardStatus.ShardStatus["_tag"], string>> = {
  Disconnected: "○",
  Connecting: "◌",
  Identifying: "◔",
  Resuming: "◑",
  Connected: "●",
  FatallyClosed: "✕"
}

/** A shard with what its readers have seen. */
interface Row {
  readonly standing: Standing
  readonly counts: Board.Counts
  readonly rate: number
  readonly pulse: ReadonlyArray<number>
  readonly isGapless: boolean
}

const rowOf = ({ board }: Screen, index: number, standing: Standing): Row => ({
  standing,
  counts: board.shards[index] ?? Board.nothing,
  rate: board.rates[index] ?? 0,
  pulse: board.pulses[index]?.millis ?? [],
  isGapless: board.isGapless
})

const tableColumns: ReadonlyArray<Column<Row>> = [
  { title: "SHARD", width: 11, weight: 9, cell: ({ standing }) => ({ text: String(standing.id) }) },
  {
    title: "STATUS",
    width: 26,
    weight: 8,
    cell: ({ standing: { status } }) => ({
      text: `${symbols[status._tag]} ${describeStatus(status)}`,
      style: colours[status._tag]
    })
  },
  { title: "EVENTS/S", width: 10, weight: 7, cell: ({ rate }) => ({ text: rate.toFixed(1) }) },
  { title: "LATENCY", width: 9, weight: 6, cell: ({ standing }) => ({ text: describeLatency(standing.latency) }) },
  { title: "", width: 13, weight: 3, cell: ({ pulse }) => ({ text: sparkline(pulse), style: Ansi.cyan }) },
  { title: "BUFFER", width: 8, weight: 4, cell: ({ standing }) => ({ text: String(standing.buffered) }) },
  { title: "EVENTS", width: 9, weight: 5, cell: ({ counts }) => ({ text: String(counts.events) }) },
  { title: "RESUMES", width: 9, weight: 2, cell: ({ counts }) => ({ text: String(counts.resumes) }) },
  { title: "SESSIONS", width: 10, weight: 1, cell: ({ counts }) => ({ text: String(counts.sessions) }) },
  {
    title: "LOST",
    width: 5,
    weight: 5.5,
    cell: ({ counts: { lost }, isGapless }) =>
      lost > 0 ? { text: String(lost), style: Ansi.red } : { text: isGapless ? "0" : "-" }
  }
]

/** One cell a shard: with its number if the cells are few enough for it, else the symbol alone. */
const grid = ({ columns, shards }: Screen, rows: number): ReadonlyArray<Doc.AnsiDoc> => {
  const idWidth = Math.max(1, ...shards.map(({ id }) => String(id.id).length))
  const isRoomy = shards.length * (idWidth + 3) <= rows * columns
  const cell = ({ id, status }: Standing): Piece => ({
    text: isRoomy ? `${symbols[status._tag]} ${pad(String(id.id), idWidth)} ` : symbols[status._tag],
    style: colours[status._tag]
  })
  const perRow = Math.max(1, Math.floor(columns / (isRoomy ? idWidth + 3 : 1)))
  return Array.chunksOf(shards.map(cell), perRow).slice(0, rows).map((cells) => line(columns, cells))
}

const totalsLine = (screen: Screen): Doc.AnsiDoc => {
  const { board, shards } = screen
  const connected = shards.filter(({ status }) => status._tag === "Connected").length
  const { events, lost } = Board.totals(board)
  const rate = board.rates.reduce((sum, rate) => sum + rate, 0)
  const buffered = shards.reduce((sum, shard) => sum + shard.buffered, 0)
  return line(screen.columns, [
    {
      text: `${connected} of ${shards.length} connected`,
      style: connected === shards.length ? Ansi.green : Ansi.yellow
    },
    ...Option.match(screen.resharding, {
      onNone: () => [],
      onSome: (text): ReadonlyArray<Piece> => [{ text: `, ${text}`, style: Ansi.cyan }]
    }),
    { text: `, ${rate.toFixed(1)} events/s, ${events} events, buffer ${buffered}` },
    ...Option.match(screen.budget, {
      onNone: () => [],
      onSome: ({ remaining, total }): ReadonlyArray<Piece> => [
        { text: `, ${remaining} of ${total} identifies left`, ...(remaining * 10 < total && { style: Ansi.red }) }
      ]
    }),
    ...(board.isGapless ? [{ text: `, ${lost} lost`, ...(lost > 0 && { style: Ansi.red }) }] : [])
  ])
}

const typeLines = ({ board, columns }: Screen, rows: number): ReadonlyArray<Doc.AnsiDoc> => {
  const [, greatest = 0] = board.typeRates[0] ?? []
  return board.typeRates.slice(0, rows).map(([type, rate]) =>
    line(columns, [
      { text: pad(type, 30) },
      { text: pad(rate.toFixed(1), 9) },
      { text: bar(rate, greatest, Math.min(40, columns - 45)), style: Ansi.cyan }
    ])
  )
}

/** Its shards in a row, by where they stood when their runner told of it last. */
const runnerLine =
  (columns: number, cluster: ClusterStatus.ClusterStatus, width: number) =>
  ({ id, isDraining, name, shards }: ClusterStatus.Runner): Doc.AnsiDoc => {
    const pieces = cluster.shards.filter(({ runner }) => Option.contains(runner, id)).map(({ status }): Piece =>
      Option.match(status, {
        onNone: () => ({ text: symbols.Connecting, style: colours.Connecting }),
        onSome: (tag) => ({ text: symbols[tag], style: colours[tag] })
      })
    )
    const numbers = ranges(shards)
    const going = isDraining ? " going" : ""
    const room = columns - width - 14 - widthOf(numbers) - going.length
    return line(columns, [
      { text: pad(name, width + 2) },
      { text: pad(counted(shards.length, "shard"), 12) },
      ...(pieces.length <= room ? [...pieces, { text: " " }] : []),
      { text: numbers },
      { text: going, style: Ansi.yellow }
    ])
  }

/** The runners of the cluster; where there is no room for all, as many as there is room for. */
const runnerLines = ({ cluster, columns }: Screen, rows: number): ReadonlyArray<Doc.AnsiDoc> =>
  Option.match(cluster, {
    onNone: () => [],
    onSome: (cluster) => {
      const width = Math.min(40, Math.max(0, ...cluster.runners.map(({ name }) => widthOf(name))))
      const nowhere = cluster.shards.filter(({ runner }) => Option.isNone(runner)).map(({ id }) => id.id)
      const all = [
        ...(nowhere.length > 0
          ? [line(columns, [{ text: pad("nowhere", width + 2), style: Ansi.red }, { text: ranges(nowhere) }])]
          : []),
        ...cluster.runners.map(runnerLine(columns, cluster, width))
      ]
      return all.length <= rows
        ? all
        : [...all.slice(0, Math.max(0, rows - 1)), line(columns, [{ text: `and ${all.length - rows + 1} more` }])]
    }
  })

/**
 * How far a resharding is, in words.
 *
 * @since 0.1.0
 * @category rendering
 */
export const describeStage = (stage: Fleet.ReshardStage): string => {
  switch (stage._tag) {
    case "Prepare":
      return "resharding: new shards wait for their sessions"
    case "Overlap":
      return "resharding: guilds arrive on the new shards"
    case "HandOver":
      return `resharding: ${counted(stage.remaining, "guild")} to hand over`
    case "Drain":
    case "Retire":
      return "resharding: the old shards end"
    case "RolledBack":
      return "resharding was rolled back"
  }
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

const heading = (columns: number, text: string): Doc.AnsiDoc => line(columns, [{ text, style: Ansi.blackBright }])

/** Shares out the rows: half of them to the shards at most, a fifth to the types, and what is left to the log. */
const shareRows = ({ board, cluster, columns, rows, shards }: Screen) => {
  // Title, totals, header, heading of the log, footer, and the gaps.
  const left = Math.max(0, rows - 8)
  const grid = Math.min(Math.ceil(shards.length * 6 / columns), Math.max(1, Math.floor(left / 5)))
  const table = Math.min(shards.length, Math.max(1, Math.floor(left / 2) - grid))
  const types = Math.min(6, board.typeRates.length, Math.floor(left / 5))
  const members = Option.match(cluster, { onNone: () => 0, onSome: ({ runners }) => runners.length + 1 })
  const runners = Math.min(members, Math.floor(left / 4))
  const taken = grid + table + types + (types > 0 ? 2 : 0) + runners + (runners > 0 ? 2 : 0)
  return { grid, table, types, runners, tail: Math.max(0, left - taken) }
}

/** Where there is no room for all shards, the table is for those that have trouble. */
const tabled = (screen: Screen, room: number): ReadonlyArray<readonly [index: number, standing: Standing]> => {
  const all = screen.shards.map((standing, index) => [index, standing] as const)
  if (all.length <= room) {
    return all
  }
  const isTroubled = ([, { status }]: (typeof all)[number]) => status._tag !== "Connected"
  return [...all.filter(isTroubled), ...all.filter((it) => !isTroubled(it))].slice(0, room)
}

/**
 * Everything on one screen, drawn over what was there before.
 *
 * @since 0.1.0
 * @category rendering
 */
export const screen = (self: Screen): string => {
  const { board, columns, controls } = self
  const share = shareRows(self)
  const types = typeLines(self, share.types)
  const runners = runnerLines(self, share.runners)
  const shown = fitting(tableColumns, columns)
  const told = board.tail.filter(({ shard, text, title }) =>
    Controls.shows(controls, { shard, text: `${title} ${text}` })
  )
  const lines = [
    line(columns, [{ text: self.title, style: Ansi.bold }]),
    totalsLine(self),
    ...grid(self, share.grid),
    Doc.empty,
    tableHead(columns, shown),
    ...tabled(self, share.table).map(([index, standing]) => {
      const row = rowOf(self, index, standing)
      return tableLine(columns, shown, ({ cell }) => cell(row))
    }),
    Doc.empty,
    ...(runners.length > 0 ? [heading(columns, "RUNNERS"), ...runners, Doc.empty] : []),
    ...(types.length > 0 ? [heading(columns, "EVENTS/S BY TYPE"), ...types, Doc.empty] : []),
    heading(columns, "LOG"),
    ...(share.tail === 0 ? [] : told.slice(-share.tail).map((entry) => tailLine(columns, entry)))
  ].slice(0, Math.max(0, self.rows - 1))
  const gap = Array.makeBy(self.rows - 1 - lines.length, () => Doc.empty)
  return frame(
    [
      ...lines,
      ...(self.rows - 1 > lines.length ? gap : []),
      line(columns, [{ text: Controls.footer(controls), style: Ansi.bold }])
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
  const done = [counted(events, "event"), `${counted(sessions, "session")} begun`, `${resumes} resumed`]
  return [
    ...done,
    ...(board.isGapless ? [`${counted(missed, "event")} lost`] : []),
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
    `${end.kept} of ${board.shards.length} sessions kept for a later resume`
  ].join(", ")
}
