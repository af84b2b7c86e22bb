/** The counts and the log of a simulated gateway: a value that each entry of its log changes. */
import * as Opcode from "@vesper/model/Opcode"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as HashMap from "effect/HashMap"
import { type Line, Rates } from "../tui/index.js"
import { toLine } from "./entryText.js"

/** An open connection. */
export interface Connection {
  readonly number: number
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

/** Totals since the start: of connections, sessions, events sent, payloads received and violations. */
export type GatewayCounts = Readonly<typeof noCounts>

const noCounts = { opened: 0, refused: 0, identified: 0, resumed: 0, events: 0, received: 0, violated: 0 }

export interface GatewayBoard {
  readonly counts: GatewayCounts
  readonly connections: HashMap.HashMap<number, Connection>
  /** Oldest first, the last ones only, as all lists here. */
  readonly violations: ReadonlyArray<Line>
  /** The entries that are shown without a filter. */
  readonly log: ReadonlyArray<Line>
  /** All entries, events and heartbeats too. */
  readonly recent: ReadonlyArray<Line>
  /** Events a second. */
  readonly rates: Rates.Rates<"events">
}

/** More lines than a tall terminal has. */
const logSize = 100
const recentSize = 500
const violationsKept = 20

export const make = (now: number): GatewayBoard => ({
  counts: noCounts,
  connections: HashMap.empty(),
  violations: [],
  log: [],
  recent: [],
  rates: Rates.make(now)
})

const isEvent = (entry: LogEntry.LogEntry): boolean => entry._tag === "Sent" && entry.op === Opcode.Dispatch

const isHeartbeat = (entry: LogEntry.LogEntry): boolean => entry._tag === "Received" && entry.op === Opcode.Heartbeat

/** Selects the entries that are shown without a filter: all except events and heartbeats, which are too frequent. */
export const isNotable = (entry: LogEntry.LogEntry): boolean =>
  !isEvent(entry) && !isHeartbeat(entry) && !(entry._tag === "Sent" && entry.op === Opcode.HeartbeatAck)

/** The count that an entry increases. */
const countNames: { readonly [Tag in LogEntry.LogEntry["_tag"]]?: keyof GatewayCounts } = {
  Opened: "opened",
  Refused: "refused",
  Received: "received",
  Identified: "identified",
  Resumed: "resumed",
  Violation: "violated"
}

const connect = (self: GatewayBoard["connections"], entry: LogEntry.LogEntry): GatewayBoard["connections"] => {
  switch (entry._tag) {
    case "Opened":
      return HashMap.set(self, entry.connection, {
        number: entry.connection,
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
        ...((entry._tag === "Identified" || entry._tag === "Resumed") && { session: entry.session }),
        ...(entry._tag === "Received" && { received: connection.received + 1 }),
        ...(isHeartbeat(entry) && { lastHeartbeatAt: entry.at }),
        ...(isEvent(entry) && { events: connection.events + 1 })
      }))
  }
}

const addOne = (self: GatewayBoard, entry: LogEntry.LogEntry): GatewayBoard => {
  const count = isEvent(entry) ? "events" : countNames[entry._tag]
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
export const sample = (self: GatewayBoard, now: number): GatewayBoard => ({
  ...self,
  rates: Rates.sample(self.rates, now, HashMap.make(["events" as const, self.counts.events]))
})
