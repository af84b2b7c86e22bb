/** The counts and the log of a simulated gateway: a value that each entry of its log changes. */
import * as Opcode from "@vesper/model/Opcode"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as HashMap from "effect/HashMap"
import type { Line } from "../tui/index.js"
import { toLine } from "./entryText.js"

/** An open connection. */
export interface Connection {
  readonly number: number
  readonly shard: number | undefined
  /** None before it has identified or resumed. */
  readonly session: string | undefined
  readonly compression: string
  /** In milliseconds since 1970, as all times here. */
  readonly openedAt: number
  /** Events sent. */
  readonly events: number
  /** Payloads received. */
  readonly received: number
  readonly lastHeartbeatAt: number | undefined
}

/** Totals since the start. */
export interface GatewayCounts {
  readonly opened: number
  readonly refused: number
  readonly identified: number
  readonly resumed: number
  /** Events sent. */
  readonly events: number
  /** Payloads received. */
  readonly received: number
  readonly violated: number
}

export interface GatewayBoard {
  readonly counts: GatewayCounts
  readonly connections: HashMap.HashMap<number, Connection>
  /** Oldest first, the last ones only, as all lists here. */
  readonly violations: ReadonlyArray<Line>
  /** The entries that are shown without a filter. */
  readonly log: ReadonlyArray<Line>
  /** All entries, events and heartbeats too. */
  readonly recent: ReadonlyArray<Line>
  /** Events a second in the last sampling period. */
  readonly rate: number
  readonly sampled: { readonly at: number; readonly events: number }
}

/** More lines than a tall terminal has. */
const logSize = 100
const recentSize = 500
const violationsKept = 20

/** The period over which a rate is measured, in milliseconds. */
const samplePeriod = 1_000

const noCounts: GatewayCounts = {
  opened: 0,
  refused: 0,
  identified: 0,
  resumed: 0,
  events: 0,
  received: 0,
  violated: 0
}

export const make = (now: number): GatewayBoard => ({
  counts: noCounts,
  connections: HashMap.empty(),
  violations: [],
  log: [],
  recent: [],
  rate: 0,
  sampled: { at: now, events: 0 }
})

/** Selects the entries that are shown without a filter: all except events and heartbeats, which are too frequent. */
export const isNotable = LogEntry.match({
  Opened: () => true,
  Refused: () => true,
  Received: ({ op }) => op !== Opcode.Heartbeat,
  Sent: ({ op }) => op !== Opcode.Dispatch && op !== Opcode.HeartbeatAck,
  Identified: () => true,
  Resumed: () => true,
  Closed: () => true,
  SessionEnded: () => true,
  Requested: () => true,
  Violation: () => true
})

/** The count that an entry increases. */
const toCount = LogEntry.match({
  Opened: () => "opened" as const,
  Refused: () => "refused" as const,
  Received: () => "received" as const,
  Sent: ({ op }) => op === Opcode.Dispatch ? "events" as const : undefined,
  Identified: () => "identified" as const,
  Resumed: () => "resumed" as const,
  Closed: () => undefined,
  SessionEnded: () => undefined,
  Requested: () => undefined,
  Violation: () => "violated" as const
})

/** The change of a connection by an entry. */
const toChange = (entry: LogEntry.LogEntry, connection: Connection): Partial<Connection> => {
  switch (entry._tag) {
    case "Received":
      return {
        received: connection.received + 1,
        ...(entry.op === Opcode.Heartbeat && { lastHeartbeatAt: entry.at })
      }
    case "Sent":
      return entry.op === Opcode.Dispatch ? { events: connection.events + 1 } : {}
    case "Identified":
    case "Resumed":
      return { session: entry.session }
    default:
      return {}
  }
}

const connect = (self: GatewayBoard["connections"], entry: LogEntry.LogEntry): GatewayBoard["connections"] => {
  switch (entry._tag) {
    case "Opened":
      return HashMap.set(self, entry.connection, {
        number: entry.connection,
        shard: undefined,
        session: undefined,
        compression: new URL(entry.url).searchParams.get("compress") ?? "none",
        openedAt: entry.at,
        events: 0,
        received: 0,
        lastHeartbeatAt: undefined
      })
    case "Closed":
      return HashMap.remove(self, entry.connection)
    default:
      return HashMap.modify(self, entry.connection, (connection) => ({
        ...connection,
        shard: entry.shard ?? connection.shard,
        ...toChange(entry, connection)
      }))
  }
}

const addOne = (self: GatewayBoard, entry: LogEntry.LogEntry): GatewayBoard => {
  const count = toCount(entry)
  const line = toLine(entry)
  return {
    ...self,
    connections: connect(self.connections, entry),
    recent: [...self.recent, line].slice(-recentSize),
    ...(count !== undefined && { counts: { ...self.counts, [count]: self.counts[count] + 1 } }),
    ...(isNotable(entry) && { log: [...self.log, line].slice(-logSize) }),
    ...(LogEntry.is("Violation")(entry) && { violations: [...self.violations, line].slice(-violationsKept) })
  }
}

export const add = (self: GatewayBoard, entries: ReadonlyArray<LogEntry.LogEntry>): GatewayBoard =>
  entries.reduce(addOne, self)

/** The lines that a filter searches: all recent entries, and before them the older notable ones. */
export const searched = ({ log, recent }: Pick<GatewayBoard, "log" | "recent">): ReadonlyArray<Line> => {
  const known = new Set(recent)
  return [...log.filter((line) => !known.has(line)), ...recent]
}

/** Measures the rate, once a second. */
export const sample = (self: GatewayBoard, now: number): GatewayBoard => {
  const passed = now - self.sampled.at
  return passed < samplePeriod ? self : {
    ...self,
    rate: (self.counts.events - self.sampled.events) * 1_000 / passed,
    sampled: { at: now, events: self.counts.events }
  }
}

/** A session with its connection, if it has one, or a connection without a session. */
export interface SessionRow {
  readonly session: GatewaySimulator.SessionInfo | undefined
  readonly connection: Connection | undefined
}

/** Sessions by shard, then the connections without one. */
export const rows = (
  self: GatewayBoard,
  sessions: ReadonlyArray<GatewaySimulator.SessionInfo>
): ReadonlyArray<SessionRow> => {
  const connections = Array.from(HashMap.values(self.connections)).sort((a, b) => a.number - b.number)
  const bySession = new Map(connections.map((connection) => [connection.session, connection]))
  return [
    ...sessions.toSorted((a, b) => a.total - b.total || a.shard - b.shard).map((session) => ({
      session,
      connection: session.isConnected ? bySession.get(session.id) : undefined
    })),
    ...connections.filter(({ session }) => session === undefined).map((connection) => ({
      session: undefined,
      connection
    }))
  ]
}
