/** Routes commands by guild: an entity for each slot, on the runner of the slot, sends them over the guild's shard. */
import * as ClusterSchema from "@effect/cluster/ClusterSchema"
import * as Entity from "@effect/cluster/Entity"
import * as EntityId from "@effect/cluster/EntityId"
import * as Sharding from "@effect/cluster/Sharding"
import * as Socket from "@effect/platform/Socket"
import * as Rpc from "@effect/rpc/Rpc"
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { ShardUnavailableError } from "../../ClusterError.js"
import { Placement } from "../ownership/index.js"

/** No shard of the guild is on this runner; a moment later one may be. */
class NotHere extends Schema.TaggedError<NotHere>("@vesper/cluster/NotHere")("NotHere", {}) {}

export const make = (
  fleet: string,
  plan: Effect.Effect<Placement.Plan>,
  shardHere: (guild: string) => Effect.Effect<Option.Option<Shard.Shard>>
) => {
  const entity = Entity.make(`vesper/${fleet}`, [
    Rpc.make("Send", {
      payload: { guild: Schema.String, json: Schema.String },
      error: Schema.Union(GatewaySchema.SendError, NotHere)
    })
  ]).annotate(ClusterSchema.ShardGroup, () => fleet)
  const receiver = entity.toLayer({
    Send: ({ payload: { guild, json } }) =>
      Effect.flatMap(
        shardHere(guild),
        (shard): Effect.Effect<void, ShardError.SendError | NotHere> =>
          Option.isSome(shard) ? shard.value.send(json) : Effect.fail(new NotHere())
      )
  }, { concurrency: "unbounded" })
  const makeClient = (sharding: Sharding.Sharding["Type"], slots: number) =>
    Effect.map(sharding.makeClient(entity), (client) => {
      const names = Placement.makeNames(slots, (name) => sharding.getShardId(EntityId.make(name), fleet).id - 1)
      return (slot: number) => client(names[slot] ?? "").Send
    })
  let client = Option.none<Effect.Effect.Success<ReturnType<typeof makeClient>>>()

  const sendOnce = (guild: string, json: string) =>
    Effect.flatMap(plan, (plan) => {
      const id = ShardId.shardOf(guild, plan.total)
      const moving = new ShardUnavailableError({ shard: id, total: plan.total })
      return Effect.mapError(client, () => moving).pipe(
        Effect.flatMap((send) => send(Placement.findSlot(plan, id))({ guild, json })),
        // Not a defect: the runner has died while it was written to, and its shards move.
        Effect.catchSomeDefect((defect) =>
          Socket.isSocketError(defect) ? Option.some(Effect.fail(moving)) : Option.none()
        ),
        Effect.mapError((error) => error._tag === "SendError" ? error : moving),
        Effect.timeoutFail({ duration: "30 seconds", onTimeout: () => moving })
      )
    })
  return {
    /** Sends and receives by a sharding, until the scope closes. */
    attach: (sharding: Sharding.Sharding["Type"], slots: number) =>
      Effect.zipRight(
        Layer.build(Layer.provide(receiver, Layer.succeed(Sharding.Sharding, sharding))),
        Effect.map(makeClient(sharding, slots), (made) => {
          client = Option.some(made)
        })
      ),
    send: (guild: string, json: string) =>
      // The client and the slot may change between two attempts.
      Effect.suspend(() => sendOnce(guild, json)).pipe(
        Effect.retry({
          while: (error) => error._tag === "ShardUnavailableError",
          schedule: Schedule.intersect(Schedule.spaced("250 millis"), Schedule.recurUpTo("30 seconds"))
        })
      )
  }
}
