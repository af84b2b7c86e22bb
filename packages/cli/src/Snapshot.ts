/**
 * A moment of a live view as plain data: what the status page draws, and what `/status.json` answers.
 *
 * @since 0.1.0
 */
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Board from "./Board.js"
import * as View from "./View.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardSnapshot {
  readonly id: number
  readonly total: number
  /** The `_tag` of its `ShardStatus`. */
  readonly status: string
  /** The status in words. */
  readonly told: string
  readonly eventsPerSecond: number
  /** In milliseconds; `null` before the first heartbeat was acknowledged. */
  readonly latency: number | null
  /** The last round trips in milliseconds, oldest first. */
  readonly latencies: ReadonlyArray<number>
  readonly buffered: number
  readonly events: number
  readonly resumes: number
  readonly sessions: number
  /** `null` if it cannot be known. */
  readonly lost: number | null
}

/**
 * A runner of a cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunnerSnapshot {
  readonly name: string
  /** Whether it was asked to go. */
  readonly isDraining: boolean
  readonly shards: ReadonlyArray<{
    readonly id: number
    /** The `_tag` of its `ShardStatus` when its runner told of it last; `null` while it starts. */
    readonly status: string | null
  }>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClusterSnapshot {
  /** How many shards the bot has. */
  readonly total: number
  readonly runners: ReadonlyArray<RunnerSnapshot>
  /** Shards that no runner has, while they move. */
  readonly nowhere: ReadonlyArray<number>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  readonly title: string
  /** In milliseconds since 1970, as all times here. */
  readonly at: number
  readonly connected: number
  readonly eventsPerSecond: number
  readonly events: number
  readonly buffered: number
  readonly lost: number | null
  readonly budget: View.Budget | null
  /** A change of the number of shards that is under way, in words; `null` if there is none. */
  readonly resharding: string | null
  /** The cluster that the shards are a part of; `null` if they are in none. */
  readonly cluster: ClusterSnapshot | null
  readonly shards: ReadonlyArray<ShardSnapshot>
  readonly types: ReadonlyArray<{ readonly type: string; readonly eventsPerSecond: number }>
  /** Oldest first, the last ones only. */
  readonly log: ReadonlyArray<Board.Entry>
}

/** As many lines as a page shows. */
const logSize = 100
const typesShown = 12

/** Rates are measured, not exact. */
const rounded = (rate: number): number => Math.round(rate * 10) / 10

const clusterOf = ({ runners, shards, total }: ClusterStatus.ClusterStatus): ClusterSnapshot => ({
  total,
  runners: runners.map(({ id, isDraining, name }) => ({
    name,
    isDraining,
    shards: shards.filter(({ runner }) => Option.contains(runner, id)).map(({ id, status }) => ({
      id: id.id,
      status: Option.getOrNull(status)
    }))
  })),
  nowhere: shards.filter(({ runner }) => Option.isNone(runner)).map(({ id }) => id.id)
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (from: {
  readonly title: string
  readonly at: number
  readonly board: Board.Board
  readonly shards: ReadonlyArray<View.Standing>
  readonly budget: Option.Option<View.Budget>
  readonly resharding: Option.Option<string>
  readonly cluster: Option.Option<ClusterStatus.ClusterStatus>
}): Snapshot => {
  const { board, shards } = from
  const { events, lost } = Board.totals(board)
  const lostOf = (count: number) => board.isGapless ? count : null
  return {
    title: from.title,
    at: from.at,
    connected: shards.filter(({ status }) => status._tag === "Connected").length,
    eventsPerSecond: rounded(board.rates.reduce((sum, rate) => sum + rate, 0)),
    events,
    buffered: shards.reduce((sum, { buffered }) => sum + buffered, 0),
    lost: lostOf(lost),
    budget: Option.getOrNull(from.budget),
    resharding: Option.getOrNull(from.resharding),
    cluster: Option.getOrNull(Option.map(from.cluster, clusterOf)),
    shards: shards.map(({ buffered, id, latency, status }, index) => {
      const counts = board.shards[index] ?? Board.nothing
      return {
        id: id.id,
        total: id.total,
        status: status._tag,
        told: View.describeStatus(status),
        eventsPerSecond: rounded(board.rates[index] ?? 0),
        latency: Option.getOrNull(Option.map(latency.average, (mean) => Math.round(Duration.toMillis(mean)))),
        latencies: (board.pulses[index]?.millis ?? []).map(Math.round),
        buffered,
        events: counts.events,
        resumes: counts.resumes,
        sessions: counts.sessions,
        lost: lostOf(counts.lost)
      }
    }),
    types: board.typeRates.slice(0, typesShown).map(([type, rate]) => ({ type, eventsPerSecond: rounded(rate) })),
    log: board.tail.slice(-logSize)
  }
}

/**
 * Whether everything is up: each shard has its session on a connection. A runner of a cluster that has no shards is ready
 * for them.
 *
 * @since 0.1.0
 * @category guards
 */
export const isReady = (self: Snapshot): boolean =>
  (self.shards.length > 0 || self.cluster !== null) && self.connected === self.shards.length
