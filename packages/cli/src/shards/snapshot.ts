/** The state of shards as plain data: the answer of `/status.json`. */
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import type * as Latency from "@vesper/gateway/Latency"
import type * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { Rates } from "../tui/index.js"
import * as Board from "./board.js"
import { describeStatus } from "./statusText.js"

/** A shard at the time of a look. */
export interface ShardState {
  readonly id: ShardId.ShardId
  readonly status: ShardStatus.ShardStatus
  readonly latency: Latency.Latency
  /** Events that are not read yet. */
  readonly buffered: number
}

/** The IDENTIFYs that are left today, and their total. */
export interface Budget {
  readonly remaining: number
  readonly total: number
}

/** The state of shards and their surroundings at one time. */
export interface Look {
  readonly title: string
  /** In milliseconds since 1970, as all times here. */
  readonly at: number
  readonly board: Board.ShardBoard
  readonly shards: ReadonlyArray<ShardState>
  readonly budget: Option.Option<Budget>
  /** A change of the number of shards that is in progress, in words. */
  readonly resharding: Option.Option<string>
  readonly cluster: Option.Option<ClusterStatus.ClusterStatus>
}

/** Plain data. Times are in milliseconds since 1970, unknown values are `null`, and lists are oldest first. */
export type ShardsSnapshot = ReturnType<typeof make>
export type ShardSnapshot = ShardsSnapshot["shards"][number]
export type ClusterSnapshot = ReturnType<typeof toCluster>

const logSize = 100
const typesShown = 12

/** A rate is measured, not exact. */
const rounded = (rate: number): number => Math.round(rate * 10) / 10

const toCluster = ({ runners, shards, total }: ClusterStatus.ClusterStatus) => ({
  total,
  runners: runners.map(({ id, isDraining, name }) => ({
    name,
    isDraining,
    shards: shards.filter(({ runner }) => Option.contains(runner, id)).map(({ id, status }) => ({
      id: id.id,
      /** `null` while the shard starts. */
      status: Option.getOrNull(status)
    }))
  })),
  /** Shards that no runner has, while they move. */
  unassigned: shards.filter(({ runner }) => Option.isNone(runner)).map(({ id }) => id.id)
})

export const make = ({ board, shards, ...look }: Look) => {
  const { events, lost } = Board.totals(board)
  const knownLost = (count: number) => board.isGapless ? count : null
  return {
    title: look.title,
    at: look.at,
    connected: shards.filter(({ status }) => status._tag === "Connected").length,
    eventsPerSecond: rounded(board.ids.reduce((sum, id) => sum + Rates.get(board.rates.perSecond, id), 0)),
    events,
    buffered: shards.reduce((sum, { buffered }) => sum + buffered, 0),
    lost: knownLost(lost),
    budget: Option.getOrNull(look.budget),
    resharding: Option.getOrNull(look.resharding),
    cluster: Option.getOrNull(Option.map(look.cluster, toCluster)),
    shards: shards.map(({ buffered, id, latency, status }) => {
      const { acknowledged: _, lost, repeated: __, roundTrips, sequence: ___, ...counts } = Board.get(board, id)
      return {
        id: id.id,
        total: id.total,
        status: status._tag,
        statusText: describeStatus(status),
        eventsPerSecond: rounded(Rates.get(board.rates.perSecond, id)),
        /** The average in milliseconds. */
        latency: Option.getOrNull(Option.map(latency.average, (mean) => Math.round(Duration.toMillis(mean)))),
        latencies: roundTrips.map(Math.round),
        buffered,
        ...counts,
        lost: knownLost(lost)
      }
    }),
    types: HashMap.toEntries(board.typeRates.perSecond)
      .filter(([, rate]) => rate > 0)
      .sort(([, a], [, b]) => b - a)
      .slice(0, typesShown)
      .map(([type, rate]) => ({ type, eventsPerSecond: rounded(rate) })),
    incidents: board.incidents,
    log: board.log.slice(-logSize)
  }
}

/** Every shard is connected. A runner of a cluster that has no shards is ready for them. */
export const isReady = (self: ShardsSnapshot): boolean =>
  (self.shards.length > 0 || self.cluster !== null) && self.connected === self.shards.length
