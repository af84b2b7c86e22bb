/**
 * Compares what a session was identified with to what the shard needs now. A session keeps the intents, the large
 * threshold and the presence of its IDENTIFY: a RESUME cannot change them.
 */
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Session from "../../Session.js"
import type * as ShardConfig from "../../ShardConfig.js"
import * as PeerText from "../wire/peerText.js"
import * as BotId from "./botId.js"

/** The identity of a session that the shard asks for now, without a presence. */
export const make = (config: ShardConfig.ShardConfig, id: ShardId.ShardId): Session.Identity => {
  const bot = BotId.fromToken(config.token)
  return new Session.Identity({
    ...(Option.isSome(bot) && { bot: bot.value }),
    shard: id.id,
    total: id.total,
    apiVersion: config.apiVersion,
    intents: config.intents,
    largeThreshold: config.largeThreshold
  })
}

/** Whether a session may be resumed. The problems and differences are for an operator to read. */
export type Verdict =
  | { readonly _tag: "Refuse"; readonly reasons: ReadonlyArray<string> }
  | { readonly _tag: "Resume"; readonly differences: ReadonlyArray<string> }

const namesOf = (bits: Intents.Intents): string => {
  const names = Intents.names(bits)
  return names.length === 0 ? `with the bits ${bits}` : names.join(", ")
}

/** Bits beyond the 31st are no intents yet, and still compare. */
const without = (bits: Intents.Intents, others: Intents.Intents): Intents.Intents =>
  Either.getOrElse(Intents.fromBits(Number(BigInt(bits) & ~BigInt(others))), () => Intents.none)

/**
 * Refuses a session that misses an intent, or that belongs to another bot, shard, total or API version: resuming it would
 * leave handlers without their events. Any other difference is resumed, because a new session costs an identify of the
 * day. A bot that one of the two does not know is not compared.
 */
export const compare = (stored: Session.Identity, needed: Session.Identity): Verdict => {
  const missing = without(needed.intents, stored.intents)
  const reasons = [
    ...(missing === Intents.none ? [] : [`it lacks the intents ${namesOf(missing)}`]),
    ...(stored.bot === undefined || needed.bot === undefined || stored.bot === needed.bot
      ? []
      : [`it belongs to the bot ${PeerText.clean(stored.bot)}, not ${needed.bot}`]),
    ...(stored.shard === needed.shard && stored.total === needed.total
      ? []
      : [`it belongs to shard ${stored.shard} of ${stored.total}, not ${needed.shard} of ${needed.total}`]),
    ...(stored.apiVersion === needed.apiVersion
      ? []
      : [`it was made with version ${stored.apiVersion} of the gateway, not ${needed.apiVersion}`])
  ]
  if (reasons.length > 0) {
    return { _tag: "Refuse", reasons }
  }
  const surplus = without(stored.intents, needed.intents)
  return {
    _tag: "Resume",
    differences: [
      ...(surplus === Intents.none ? [] : [`it also has the intents ${namesOf(surplus)}`]),
      ...(stored.largeThreshold === needed.largeThreshold
        ? []
        : [`its large threshold is ${stored.largeThreshold}, not ${needed.largeThreshold}`])
    ]
  }
}
