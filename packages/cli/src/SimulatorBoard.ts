/**
 * What a simulated gateway has seen so far: a value that each entry of its log changes.
 *
 * @since 0.1.0
 */
import * as Opcode from "@vesper/model/Opcode"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as HashMap from "effect/HashMap"

/**
 * A connection that is open.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly number: number
  readonly shard: number | undefined
  /** None before it has identified or resumed. */
  readonly session: string | undefined
  readonly compression: string
  /** In milliseconds since 1970. */
  readonly openedAt: number
  /** Events sent. */
  readonly events: number
  /** Payloads received. */
  readonly received: number
  /** When the last heartbeat came. */
  readonly beatAt: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SimulatorBoard {
  readonly connections: HashMap.HashMap<number, Connection>
  readonly opened: number
  readonly refused: number
  readonly identified: number
  readonly resumed: number
  /** Events sent. */
  readonly events: number
  readonly received: number
  readonly violated: number
  /** Oldest first, the last ones only. */
  readonly violations: ReadonlyArray<Extract<LogEntry.LogEntry, { readonly _tag: "Violation" }>>
  /** What is worth a line, oldest first, the last ones only. */
  readonly tail: ReadonlyArray<LogEntry.LogEntry>
  /** Everything, oldest first, the last ones only: what is worth no line is looked for all the same. */
  readonly recent: ReadonlyArray<LogEntry.LogEntry>
  /** Events a second in the last sampling period. */
  readonly rate: number
  readonly sampled: { readonly at: number; readonly events: number }
}

/** More than a tall terminal shows. */
const tailSize = 100
const recentSize = 500
const violationsKept = 20

/** How long a rate is measured, in milliseconds. */
const samplePeriod = 1_000

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (now: number): SimulatorBoard => ({
  connections: HashMap.empty(),
  opened: 0,
  refused: 0,
  identified: 0,
  resumed: 0,
  events: 0,
  received: 0,
  violated: 0,
  violations: [],
  tail: [],
  recent: [],
  rate: 0,
  sampled: { at: now, events: 0 }
})

/**
 * Whether an entry is told of without being asked: everything but events and heartbeats, which come all the time.
 *
 * @since 0.1.0
 * @category guards
 */
export const isNotable = LogEntry.match({
  Opened: () => true,
  Refused: () => true,
  Received: ({ op }) => op !== Opcode.Heartbeat,
  Sent: ({ op }) => op !== Opcode.Dispatch && op !== Opcode.HeartbeatAck,
  Identified: () => true,
  Resumed: () => true,
  Closed: () => true,
  SessionEnded: () => true,
  Violation: () => true
})

const change = (self: SimulatorBoard, entry: LogEntry.LogEntry, changes: Partial<Connection>): SimulatorBoard => ({
  ...self,
  connections: HashMap.modify(self.connections, entry.connection, (connection) => ({
    ...connection,
    shard: entry.shard ?? connection.shard,
    ...changes
  }))
})

const bump = (self: SimulatorBoard, entry: LogEntry.LogEntry, field: "events" | "received"): SimulatorBoard => ({
  ...self,
  [field]: self[field] + 1,
  connections: HashMap.modify(
    self.connections,
    entry.connection,
    (connection) => ({ ...connection, [field]: connection[field] + 1 })
  )
})

const count = (self: SimulatorBoard, entry: LogEntry.LogEntry): SimulatorBoard => {
  switch (entry._tag) {
    case "Opened":
      return {
        ...self,
        opened: self.opened + 1,
        connections: HashMap.set(self.connections, entry.connection, {
          number: entry.connection,
          shard: undefined,
          session: undefined,
          compression: new URL(entry.url).searchParams.get("compress") ?? "none",
          openedAt: entry.at,
          events: 0,
          received: 0,
          beatAt: undefined
        })
      }
    case "Refused":
      return { ...self, refused: self.refused + 1 }
    case "Received": {
      const bumped = bump(self, entry, "received")
      return entry.op === Opcode.Heartbeat ? change(bumped, entry, { beatAt: entry.at }) : bumped
    }
    case "Sent":
      return entry.op === Opcode.Dispatch ? bump(self, entry, "events") : self
    case "Identified":
      return change({ ...self, identified: self.identified + 1 }, entry, { session: entry.session })
    case "Resumed":
      return change({ ...self, resumed: self.resumed + 1 }, entry, { session: entry.session })
    case "Closed":
      return { ...self, connections: HashMap.remove(self.connections, entry.connection) }
    case "SessionEnded":
      return self
    case "Violation":
      return {
        ...self,
        violated: self.violated + 1,
        violations: [...self.violations, entry].slice(-violationsKept)
      }
  }
}

const addOne = (self: SimulatorBoard, entry: LogEntry.LogEntry): SimulatorBoard => {
  const counted = count(self, entry)
  return isNotable(entry) ? { ...counted, tail: [...counted.tail, entry].slice(-tailSize) } : counted
}

/**
 * @since 0.1.0
 * @category combinators
 */
export const add = (self: SimulatorBoard, entries: ReadonlyArray<LogEntry.LogEntry>): SimulatorBoard => ({
  ...entries.reduce(addOne, self),
  recent: [...self.recent, ...entries].slice(-recentSize)
})

/**
 * What a search goes through: everything that came of late, and before it what was worth a line.
 *
 * @since 0.1.0
 * @category getters
 */
export const searched = (
  { recent, tail }: Pick<SimulatorBoard, "recent" | "tail">
): ReadonlyArray<LogEntry.LogEntry> => {
  const known = new Set(recent)
  return [...tail.filter((entry) => !known.has(entry)), ...recent]
}

/**
 * Measures the rate anew once a second has passed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sample = (self: SimulatorBoard, now: number): SimulatorBoard => {
  const passed = now - self.sampled.at
  return passed < samplePeriod ? self : {
    ...self,
    rate: (self.events - self.sampled.events) * 1_000 / passed,
    sampled: { at: now, events: self.events }
  }
}

/**
 * A session with its connection, if it has one, or a connection that has no session yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row {
  readonly session: GatewaySimulator.SessionInfo | undefined
  readonly connection: Connection | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type Standing = "connected" | "not identified" | "waiting for a resume"

/**
 * Sessions by shard, then the connections that have none yet.
 *
 * @since 0.1.0
 * @category getters
 */
export const rows = (
  self: SimulatorBoard,
  sessions: ReadonlyArray<GatewaySimulator.SessionInfo>
): ReadonlyArray<Row> => {
  const connections = Array.from(HashMap.values(self.connections)).sort((a, b) => a.number - b.number)
  const bySession = new Map(connections.map((connection) => [connection.session, connection]))
  return [
    ...sessions.slice().sort((a, b) => a.total - b.total || a.shard - b.shard).map((session) => ({
      session,
      connection: session.isConnected ? bySession.get(session.id) : undefined
    })),
    ...connections.filter(({ session }) => session === undefined).map((connection) => ({
      session: undefined,
      connection
    }))
  ]
}

/**
 * @since 0.1.0
 * @category getters
 */
export const standing = ({ connection, session }: Row): Standing =>
  session === undefined ? "not identified" : connection === undefined ? "waiting for a resume" : "connected"
