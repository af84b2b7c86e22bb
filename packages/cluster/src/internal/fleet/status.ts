/** The status of a shard as its owner writes it. */
import type * as Shard from "@vesper/gateway/Shard"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Report = Schema.parseJson(Schema.Struct({
  status: Schema.Literal("Disconnected", "Connecting", "Identifying", "Resuming", "Connected", "FatallyClosed"),
  ping: Schema.optional(Schema.Number)
}))
const encode = Schema.encodeSync(Report)
export const decode = Schema.decodeUnknownOption(Report)

/** As text, so that a status which has not changed need not be written. */
export const makeReport = (shard: Shard.Shard): Effect.Effect<string> =>
  Effect.zipWith(shard.status, shard.latency, ({ _tag: status }, { recent }) => {
    const ping = Option.map(Chunk.head(recent), Duration.toMillis)
    return encode({ status, ...(Option.isSome(ping) && { ping: Math.round(ping.value) }) })
  })
