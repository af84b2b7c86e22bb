/** What an owner tells of its shard, and what becomes of it in a status. */
import type * as Shard from "@vesper/gateway/Shard"
import * as ShardId from "@vesper/model/ShardId"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as ClusterStatus from "../../ClusterStatus.js"
import type * as FleetView from "./fleetView.js"

const Report = Schema.parseJson(Schema.Struct({
  status: Schema.Literal("Disconnected", "Connecting", "Identifying", "Resuming", "Connected", "FatallyClosed"),
  ping: Schema.optional(Schema.Number)
}))

const encode = Schema.encodeSync(Report)
const decode = Schema.decodeUnknownOption(Report)

/** As text, so that a status which has not changed need not be written. */
export const of = (shard: Shard.Shard): Effect.Effect<string> =>
  Effect.zipWith(shard.status, shard.latency, ({ _tag: status }, { recent }) => {
    const ping = Option.map(Chunk.head(recent), Duration.toMillis)
    return encode({ status, ...(Option.isSome(ping) && { ping: Math.round(ping.value) }) })
  })

const placesOf = (rows: FleetView.View["shards"], total: number): ReadonlyArray<ClusterStatus.ShardPlace> => {
  const byId = new Map(rows.filter((row) => row.total === total).map((row) => [row.shard, row]))
  return ShardId.all(total).map((id): ClusterStatus.ShardPlace => {
    const row = byId.get(id.id)
    const report = row?.isOwned === true ? decode(row.status) : Option.none()
    return {
      id,
      runner: row?.isOwned === true ? Option.fromNullable(row.owner) : Option.none(),
      status: Option.map(report, ({ status }) => status),
      ping: Option.flatMap(report, ({ ping }) => Option.map(Option.fromNullable(ping), Duration.millis))
    }
  })
}

export const statusOf = (
  { done, identifies, plan: { next, total }, runners, shards }: FleetView.View
): ClusterStatus.ClusterStatus => {
  const places = placesOf(shards, total)
  return {
    total,
    identifies,
    shards: places,
    runners: runners.map((runner) => ({
      ...runner,
      shards: places.filter((place) => Option.contains(place.runner, runner.id)).map(({ id }) => id.id)
    })),
    resharding: Option.map(next, (next) => ({
      total: next,
      parts: ShardId.parts(total, next),
      done,
      shards: placesOf(shards, next)
    }))
  }
}
