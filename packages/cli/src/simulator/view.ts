/** The view of a simulated gateway, and its state as plain data for `/status.json`. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as HashMap from "effect/HashMap"
import type { Cell, Column, Display, Line, Moment, Row, Tone } from "../tui/index.js"
import { counted, fact, plural, Rates } from "../tui/index.js"
import type * as Board from "./board.js"

export type SessionStatus = "connected" | "not identified" | "waiting for a resume"

/** A session, or a connection without one. Times are in milliseconds since 1970, and unknown values are `null`. */
const toSession = (session: GatewaySimulator.SessionInfo | undefined, connection: Board.Connection | undefined) => ({
  status: (session === undefined
    ? "not identified"
    : connection === undefined
    ? "waiting for a resume"
    : "connected") as SessionStatus,
  shard: session?.shard ?? null,
  total: session?.total ?? null,
  sequence: session?.sequence ?? null,
  connection: connection?.number ?? null,
  openedAt: connection?.openedAt ?? null,
  events: connection?.events ?? null,
  received: connection?.received ?? null,
  lastHeartbeatAt: connection?.lastHeartbeatAt ?? null,
  compression: connection?.compression ?? null
})

/** Sessions by shard, then the connections without one. */
const toSessions = (board: Board.GatewayBoard, sessions: ReadonlyArray<GatewaySimulator.SessionInfo>) => {
  const connections = Array.from(HashMap.values(board.connections)).sort((a, b) => a.number - b.number)
  const bySession = new Map(connections.map((connection) => [connection.session, connection]))
  return [
    ...sessions.toSorted((a, b) => a.total - b.total || a.shard - b.shard)
      .map((session) => toSession(session, session.isConnected ? bySession.get(session.id) : undefined)),
    ...connections.filter(({ session }) => session === undefined).map((connection) => toSession(undefined, connection))
  ]
}

export const snapshot = (look: {
  readonly title: string
  readonly at: number
  readonly board: Board.GatewayBoard
  readonly sessions: ReadonlyArray<GatewaySimulator.SessionInfo>
}) => ({
  title: look.title,
  at: look.at,
  ...look.board.counts,
  connections: HashMap.size(look.board.connections),
  eventsPerSecond: Math.round(Rates.get(look.board.rates.perSecond, "events") * 10) / 10,
  sessions: toSessions(look.board, look.sessions),
  violations: look.board.violations,
  log: look.board.log
})

const ago = (now: number, at: number): string => {
  const seconds = Math.max(0, Math.floor((now - at) / 1_000))
  const minutes = Math.floor(seconds / 60)
  return minutes === 0
    ? `${seconds}s`
    : minutes < 60
    ? `${minutes}m ${seconds % 60}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}

const looks: Readonly<Record<SessionStatus, readonly [symbol: string, tone: Tone]>> = {
  connected: ["●", "good"],
  "not identified": ["◌", "busy"],
  "waiting for a resume": ["○", "bad"]
}

const columns: ReadonlyArray<Column> = [
  { title: "Shard", width: 9, weight: 9 },
  { title: "Status", width: 24, weight: 8 },
  { title: "Connection", width: 12, weight: 7 },
  { title: "Since", width: 9, weight: 3 },
  { title: "Events", width: 9, weight: 6, isNumber: true },
  { title: "Received", width: 10, weight: 4, isNumber: true },
  { title: "Heartbeat", width: 12, weight: 5 },
  { title: "Sequence", width: 10, weight: 2, isNumber: true },
  { title: "Compression", width: 11, weight: 1 }
]

export type GatewaySnapshot = ReturnType<typeof snapshot>

const row = (session: GatewaySnapshot["sessions"][number], now: number): Row => {
  const [symbol, tone] = looks[session.status]
  const cell = <A>(value: A | null, render: (value: A) => string = String): Cell => ({
    text: value === null ? "-" : render(value)
  })
  return {
    isTroubled: session.status !== "connected",
    cells: [
      cell(session.shard, (shard) => `[${shard}/${session.total}]`),
      { text: `${symbol} ${session.status}`, tone },
      cell(session.connection, (number) => `c${number}`),
      cell(session.openedAt, (at) => ago(now, at)),
      cell(session.events),
      cell(session.received),
      cell(session.lastHeartbeatAt, (at) => `${ago(now, at)} ago`),
      cell(session.sequence),
      cell(session.compression)
    ]
  }
}

const display = (self: GatewaySnapshot, searched: ReadonlyArray<Line>): Display => ({
  title: self.title,
  at: self.at,
  badge: String(self.connections),
  facts: [
    fact(plural(self.violated, "violation"), self.violated, self.violated > 0 ? "bad" : "good"),
    fact(plural(self.connections, "connection"), self.connections),
    fact(plural(self.sessions.length, "session"), self.sessions.length),
    fact("events/s", self.eventsPerSecond.toFixed(1)),
    fact(`${plural(self.events, "event")} sent`, self.events),
    fact("received", self.received),
    fact("identified", self.identified),
    fact("resumed", self.resumed),
    ...(self.refused > 0 ? [fact("refused", self.refused)] : [])
  ],
  notice: null,
  panels: [
    {
      kind: "table",
      title: "Sessions",
      caption: "Each session and its connection",
      share: 0.5,
      empty: "No bot is connected.",
      columns,
      rows: self.sessions.map((session) => row(session, self.at))
    },
    {
      kind: "lines",
      title: "Violations",
      share: 0.3,
      empty: "No bot has violated a rule of Discord's.",
      lines: self.violations
    }
  ],
  log: self.log,
  searched: { lines: searched, what: "events and heartbeats too" }
})

/** A snapshot for all that show it. `searched` are the lines that a filter searches. */
export const toMoment = (status: GatewaySnapshot, searched: ReadonlyArray<Line> = status.log): Moment => ({
  status,
  display: display(status, searched),
  readiness: { isReady: true, text: `bots can connect, ${status.connections} are connected` }
})

/** The last line of the command. */
export const summary = (counts: Board.GatewayCounts): string =>
  [
    counted(counts.opened, "connection"),
    `${counts.identified} identified`,
    `${counts.resumed} resumed`,
    `${counted(counts.events, "event")} sent`,
    `${counted(counts.received, "payload")} received`,
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
    counted(counts.violated, "violation")
  ].join(", ")
