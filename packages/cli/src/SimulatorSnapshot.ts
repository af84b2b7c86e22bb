/**
 * A moment of a simulated gateway as plain data: what its status page draws, and what `/status.json` answers.
 *
 * @since 0.1.0
 */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as HashMap from "effect/HashMap"
import * as SimulatorBoard from "./SimulatorBoard.js"
import * as SimulatorView from "./SimulatorView.js"

/**
 * A session, or a connection that has none yet. What is not known is `null`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionSnapshot {
  readonly shard: number | null
  readonly total: number | null
  readonly standing: SimulatorBoard.Standing
  readonly connection: number | null
  /** When the connection was opened, in milliseconds since 1970, as all times here. */
  readonly openedAt: number | null
  /** Events sent over the connection. */
  readonly events: number | null
  /** Payloads received over the connection. */
  readonly received: number | null
  /** When the last heartbeat came. */
  readonly beatAt: number | null
  readonly sequence: number | null
  readonly compression: string | null
}

/**
 * A line of the log.
 *
 * @since 0.1.0
 * @category models
 */
export interface EntrySnapshot {
  readonly at: number
  readonly connection: number
  readonly shard?: number
  readonly title: string
  readonly text: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SimulatorSnapshot {
  readonly title: string
  readonly at: number
  /** Connections that are open. */
  readonly connections: number
  readonly eventsPerSecond: number
  readonly events: number
  readonly received: number
  readonly identified: number
  readonly resumed: number
  readonly refused: number
  readonly violated: number
  readonly sessions: ReadonlyArray<SessionSnapshot>
  /** Oldest first, the last ones only. */
  readonly violations: ReadonlyArray<EntrySnapshot>
  /** Oldest first, the last ones only. */
  readonly log: ReadonlyArray<EntrySnapshot>
}

const entryOf = (entry: LogEntry.LogEntry): EntrySnapshot => ({
  at: entry.at,
  connection: entry.connection,
  ...(entry.shard !== undefined && { shard: entry.shard }),
  ...SimulatorView.tell(entry)
})

const sessionOf = (row: SimulatorBoard.Row): SessionSnapshot => ({
  shard: row.session?.shard ?? null,
  total: row.session?.total ?? null,
  standing: SimulatorBoard.standing(row),
  connection: row.connection?.number ?? null,
  openedAt: row.connection?.openedAt ?? null,
  events: row.connection?.events ?? null,
  received: row.connection?.received ?? null,
  beatAt: row.connection?.beatAt ?? null,
  sequence: row.session?.sequence ?? null,
  compression: row.connection?.compression ?? null
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (from: {
  readonly title: string
  readonly at: number
  readonly board: SimulatorBoard.SimulatorBoard
  readonly sessions: ReadonlyArray<GatewaySimulator.SessionInfo>
}): SimulatorSnapshot => {
  const { board } = from
  return {
    title: from.title,
    at: from.at,
    connections: HashMap.size(board.connections),
    eventsPerSecond: Math.round(board.rate * 10) / 10,
    events: board.events,
    received: board.received,
    identified: board.identified,
    resumed: board.resumed,
    refused: board.refused,
    violated: board.violated,
    sessions: SimulatorBoard.rows(board, from.sessions).map(sessionOf),
    violations: board.violations.map(entryOf),
    log: board.tail.map(entryOf)
  }
}
