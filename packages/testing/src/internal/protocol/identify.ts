/** Validates the body of IDENTIFY. */
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import type { Gateway, SessionOptions } from "./gateway.js"

const defaultLargeThreshold = 50
const maxLargeThreshold = 250

const readLargeThreshold = (value: unknown): number =>
  typeof value === "number" && value >= defaultLargeThreshold && value <= maxLargeThreshold
    ? value
    : defaultLargeThreshold

/** Returns the session's options, or the close code with which Discord rejects the body. */
export const validate = (
  gateway: Gateway,
  d: Readonly<Record<string, unknown>>
): Either.Either<SessionOptions, number> => {
  const { allowedIntents, maxGuildsPerShard } = gateway.settings
  if (!gateway.isToken(d["token"])) {
    return Either.left(4004)
  }
  const [id, total] = Array.isArray(d["shard"]) ? d["shard"] : [0, 1]
  const shard = ShardId.make(Number(id), Number(total))
  if (Either.isLeft(shard)) {
    return Either.left(4010)
  }
  const intents = Intents.fromBits(typeof d["intents"] === "number" ? d["intents"] : -1)
  if (Either.isLeft(intents) || Intents.unknownBits(intents.right).length > 0) {
    return Either.left(4013)
  }
  if (Intents.privileged(intents.right).some((name) => !Intents.has(allowedIntents, name))) {
    return Either.left(4014)
  }
  return gateway.guildsOf(shard.right).length > maxGuildsPerShard
    ? Either.left(4011)
    : Either.right({
      shard: shard.right,
      intents: intents.right,
      largeThreshold: readLargeThreshold(d["large_threshold"])
    })
}
