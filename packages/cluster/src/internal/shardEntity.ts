/** The entity that takes commands for the shards of a slot, from any runner. */
import * as ClusterSchema from "@effect/cluster/ClusterSchema"
import * as Entity from "@effect/cluster/Entity"
import * as Rpc from "@effect/rpc/Rpc"
import * as ShardError from "@vesper/gateway/ShardError"
import * as Schema from "effect/Schema"

/** No shard of the guild is up on this runner; a moment later one may be. */
export class NotHere extends Schema.TaggedError<NotHere>("@vesper/cluster/NotHere")("NotHere", {}) {}

export const make = (fleet: string) =>
  Entity.make(`vesper/${fleet}`, [
    Rpc.make("Send", {
      payload: { guild: Schema.String, json: Schema.String },
      error: Schema.Union(ShardError.SendError, NotHere)
    })
  ]).annotate(ClusterSchema.ShardGroup, () => fleet)
