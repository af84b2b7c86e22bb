/** A set of shards with the same total, which are opened, connected and closed together. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Fleet from "../../Fleet.js"
import type * as ShardError from "../../ShardError.js"
import type * as Session from "../../Session.js"
import * as ShardStatus from "../../ShardStatus.js"
import * as GuildCount from "./guildCount.js"
import { ShardInternal } from "../shard/index.js"

export interface FleetShard extends ShardInternal.ShardWithState {
  readonly guilds: GuildCount.GuildCount
}

export interface ShardSet {
  readonly total: number
  readonly shards: ReadonlyMap<number, FleetShard>
  readonly scope: Scope.CloseableScope
}

/** Counts the guilds of a shard, independent of its readers. */
const countGuilds = ({ guilds, state: { log: { listeners } } }: FleetShard): Effect.Effect<void, never, Scope.Scope> =>
  Effect.forEach(
    ["READY", "GUILD_CREATE", "GUILD_DELETE"] as const,
    (t) => listeners.listen(t, (d) => GuildCount.record(guilds, { t, d })),
    { discard: true }
  )

/** Makes shards, each in its own scope, so that all of them close at the same time. */
export const open = (
  ids: ReadonlyArray<ShardId.ShardId>,
  onFatal: (fleetShard: FleetShard, error: ShardError.FatallyClosedError) => void
): Effect.Effect<ShardSet, never, ShardInternal.ShardRequirements> =>
  Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
    const openOne = (id: ShardId.ShardId) =>
      Effect.gen(function*() {
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const opened = yield* Scope.extend(ShardInternal.makeWithState(id), own)
        const fleetShard: FleetShard = { ...opened, guilds: GuildCount.make(id) }
        yield* Scope.extend(countGuilds(fleetShard), own)
        opened.state.log.onEnd = (error) => {
          if (error._tag === "FatallyClosedError") {
            onFatal(fleetShard, error)
          }
        }
        return [id.id, fleetShard] as const
      })
    const shards = new Map(yield* Effect.forEach(ids, openOne))
    return { total: ids[0]?.total ?? 0, shards, scope }
  })

export const connectAll = (set: ShardSet): Effect.Effect<void> =>
  Effect.forEach(set.shards.values(), ({ shard }) => shard.connect, { discard: true })

/** Closes every shard and returns the sessions that can be resumed. */
export const closeAll = (
  set: ShardSet,
  frame: CloseFrame.CloseFrame
): Effect.Effect<ReadonlyArray<readonly [shard: ShardId.ShardId, session: Session.Session]>> =>
  Effect.map(
    Effect.forEach(
      set.shards.values(),
      ({ shard }) => Effect.map(shard.close(frame), Option.map((session) => [shard.id, session] as const)),
      { concurrency: "unbounded" }
    ),
    (closed) => closed.flatMap(Option.toArray)
  )

const isSettled = (status: ShardStatus.ShardStatus) =>
  ShardStatus.isConnected(status) || ShardStatus.isFatallyClosed(status)

/** Waits until each shard has a session or is closed permanently. */
export const awaitSettled = (set: ShardSet): Effect.Effect<void> =>
  Effect.forEach(
    set.shards.values(),
    ({ shard, state }) =>
      Effect.suspend(() =>
        isSettled(state.status.get())
          ? Effect.void
          : Stream.runHead(Stream.filter(shard.statusChanges, isSettled))
      ),
    { discard: true }
  )

const makeInfo = ({ guilds, shard, state }: FleetShard): Fleet.ShardInfo => ({
  id: shard.id,
  status: state.status.get(),
  guilds: GuildCount.count(guilds),
  buffered: state.log.buffered
})

export const status = (set: ShardSet): Omit<Fleet.FleetStatus, "resharding"> => {
  const shards = Array.from(set.shards.values(), makeInfo)
  const counts = { Disconnected: 0, Connecting: 0, Identifying: 0, Resuming: 0, Connected: 0, FatallyClosed: 0 }
  for (const { status } of shards) {
    counts[status._tag]++
  }
  return { total: set.total, counts, shards }
}
