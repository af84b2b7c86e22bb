/** The identity of a session: the values of its IDENTIFY that a RESUME cannot change. */
import type * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import * as Session from "../../Session.js"
import type * as ShardConfig from "../../ShardConfig.js"
import { Token } from "../config/index.js"

/** Returns the identity that the shard identifies with, without a presence. */
export const make = (config: ShardConfig.ShardConfig, id: ShardId.ShardId): Session.Identity => {
  const bot = Token.botId(config.token)
  return new Session.Identity({
    ...(Option.isSome(bot) && { bot: bot.value }),
    shard: id.id,
    total: id.total,
    apiVersion: config.apiVersion,
    intents: config.intents,
    largeThreshold: config.largeThreshold
  })
}
