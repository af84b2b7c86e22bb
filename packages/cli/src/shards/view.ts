/** The view of shards, and their events as lines of text and of JSON. */
import type * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as Dispatch from "@vesper/model/Dispatch"
import type { Cell, Column, Display, Fact, Mark, Moment, Panel, Tone } from "../tui/index.js"
import { counted, fact, plural, ranges } from "../tui/index.js"
import { writeData } from "../config/index.js"
import * as Board from "./board.js"
import { eventName } from "./eventText.js"
import { type ClusterSnapshot, isReady, type ShardSnapshot, type ShardsSnapshot } from "./snapshot.js"

/** A status is recognised by more than its colour. */
const looks: Readonly<Record<ShardStatus.ShardStatus["_tag"], readonly [symbol: string, tone: Tone]>> = {
  Disconnected: ["○", "bad"],
  Connecting: ["◌", "busy"],
  Identifying: ["◔", "busy"],
  Resuming: ["◑", "busy"],
  Connected: ["●", "good"],
  FatallyClosed: ["✕", "bad"]
}

const mark = (id: number, status: ShardStatus.ShardStatus["_tag"] | null, label: string): Mark => {
  const [symbol, tone] = looks[status ?? "Connecting"]
  return { symbol, text: String(id), tone, label }
}

const shardColumns: ReadonlyArray<Column> = [
  { title: "Shard", width: 11, weight: 9 },
  { title: "Status", width: 26, weight: 8 },
  { title: "Events/s", width: 10, weight: 7, isNumber: true },
  { title: "Latency", width: 9, weight: 6, isNumber: true },
  { title: "Trend", width: 13, weight: 3 },
  { title: "Buffer", width: 8, weight: 4, isNumber: true },
  { title: "Events", width: 9, weight: 5, isNumber: true },
  { title: "Resumes", width: 9, weight: 2, isNumber: true },
  { title: "Sessions", width: 10, weight: 1, isNumber: true },
  { title: "Lost", width: 5, weight: 5.5, isNumber: true }
]

const shardCells = (shard: ShardSnapshot): ReadonlyArray<Cell> => {
  const [symbol, tone] = looks[shard.status]
  return [
    { text: `[${shard.id}/${shard.total}]` },
    { text: `${symbol} ${shard.statusText}`, tone },
    { text: shard.eventsPerSecond.toFixed(1) },
    { text: shard.latency === null ? "-" : `${shard.latency} ms` },
    { text: "", trend: shard.latencies },
    { text: String(shard.buffered) },
    { text: String(shard.events) },
    { text: String(shard.resumes) },
    { text: String(shard.sessions) },
    {
      text: shard.lost === null ? "-" : String(shard.lost),
      tone: shard.lost === null || shard.lost === 0 ? undefined : "bad"
    }
  ]
}

const runnerCells = ({ isDraining, name, shards }: ClusterSnapshot["runners"][number]): ReadonlyArray<Cell> => [
  { text: name },
  isDraining ? { text: "draining", tone: "busy" } : { text: "up" },
  { text: String(shards.length) },
  {
    text: ranges(shards.map(({ id }) => id)),
    marks: shards.map(({ id, status }) => mark(id, status, status ?? "starting"))
  }
]

const runnersPanel = ({ runners, unassigned }: ClusterSnapshot): Panel => ({
  kind: "table",
  title: "Runners",
  caption: "Each runner of the cluster, with its shards",
  share: 0.25,
  empty: "No runner is up.",
  columns: [
    { title: "Runner", width: Math.min(40, Math.max(10, ...runners.map(({ name }) => name.length)) + 2), weight: 4 },
    { title: "State", width: 10, weight: 1 },
    { title: "Shards", width: 8, weight: 2, isNumber: true },
    { title: "Which", width: 12, weight: 3 }
  ],
  rows: [
    ...(unassigned.length === 0 ? [] : [{
      isTroubled: true,
      cells: [
        { text: "none", tone: "bad" as const },
        { text: "moving" },
        { text: String(unassigned.length) },
        { text: ranges(unassigned) }
      ]
    }]),
    ...runners.map((runner) => ({ cells: runnerCells(runner) }))
  ]
})

const typesPanel = (types: ShardsSnapshot["types"]): Panel => ({
  kind: "table",
  title: "Events by type",
  caption: "The most frequent types in the last second",
  share: 0.2,
  empty: "No event in the last second.",
  columns: [
    { title: "Type", width: 30, weight: 3 },
    { title: "Events/s", width: 10, weight: 2, isNumber: true },
    { title: "", width: 4, weight: 1 }
  ],
  rows: types.map(({ eventsPerSecond, type }) => ({
    cells: [
      { text: type },
      { text: eventsPerSecond.toFixed(1) },
      { text: "", share: eventsPerSecond / Math.max(1e-9, types[0]?.eventsPerSecond ?? 0) }
    ]
  }))
})

const panels = ({ cluster, incidents, shards, types }: ShardsSnapshot): ReadonlyArray<Panel> => [
  {
    kind: "marks",
    title: "Status",
    share: 0.2,
    marks: shards.map(({ id, status, statusText }) => mark(id, status, statusText))
  },
  {
    kind: "table",
    title: "Shards",
    caption: "Each shard, with its latency over the last heartbeats",
    share: 0.45,
    empty: "Starting …",
    columns: shardColumns,
    rows: shards.map((shard) => ({ cells: shardCells(shard), isTroubled: shard.status !== "Connected" }))
  },
  { kind: "lines", title: "Incidents", share: 0.2, empty: "No connection was lost.", lines: incidents },
  ...(cluster === null ? [] : [runnersPanel(cluster)]),
  ...(types.length === 0 ? [] : [typesPanel(types)])
]

const facts = (
  { budget, buffered, connected, events, eventsPerSecond, lost, shards }: ShardsSnapshot
): ReadonlyArray<Fact> => [
  shards.length === 0
    ? fact("starting …", "", "busy")
    : fact("connected", `${connected} of ${shards.length}`, connected === shards.length ? "good" : "busy"),
  fact("events/s", eventsPerSecond.toFixed(1)),
  fact(plural(events, "event"), events),
  fact("buffered", buffered),
  ...(budget === null ? [] : [
    fact(
      "identifies left",
      `${budget.remaining} of ${budget.total}`,
      budget.remaining * 10 < budget.total ? "bad" : undefined
    )
  ]),
  ...(lost === null ? [] : [fact("lost", lost, lost > 0 ? "bad" : undefined)])
]

const display = (snapshot: ShardsSnapshot, log: Board.ShardBoard["log"]): Display => ({
  title: snapshot.title,
  at: snapshot.at,
  badge: `${snapshot.connected}/${snapshot.shards.length}`,
  facts: facts(snapshot),
  notice: snapshot.resharding,
  panels: panels(snapshot),
  log,
  searched: {
    lines: [...snapshot.incidents.filter((line) => !log.includes(line)), ...log],
    what: `incidents and the last ${log.length} lines`
  }
})

/** A snapshot for all that show it. */
export const toMoment = (status: ShardsSnapshot, log: Board.ShardBoard["log"] = status.log): Moment => ({
  status,
  display: display(status, log),
  readiness: {
    isReady: isReady(status),
    text: `${status.connected} of ${status.shards.length} shards are connected`
  }
})

/** An event as a line of JSON, under its name in the protocol. */
export const json = (event: Dispatch.Dispatch, shard: number): string =>
  writeData(event.d, (d) => JSON.stringify({ shard, t: eventName(event), s: event.s, d }))

/** The last line of the command, without the fate of the sessions. */
export const summary = (board: Board.ShardBoard, missing: number): string => {
  const { events, lost, repeated, resumes, sessions } = Board.totals(board)
  return [
    counted(events, "event"),
    `${counted(sessions, "session")} started`,
    `${resumes} resumed`,
    ...(board.isGapless ? [`${lost + missing} of ${counted(events + lost + missing, "event")} lost`] : []),
    ...(repeated > 0 ? [`${repeated} repeated`] : [])
  ].join(", ")
}
