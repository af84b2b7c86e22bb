/**
 * Compares the IDENTIFY of a stored session with the config of the shard. A RESUME cannot change the intents, the large
 * threshold and the presence of a session.
 */
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Session from "../../Session.js"
import type * as ShardConfig from "../../ShardConfig.js"
import { PeerText } from "../wire/index.js"
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

/** The decision about a stored session. Reasons and differences are texts for an operator. */
export type Verdict =
  | { readonly _tag: "Refuse"; readonly reasons: ReadonlyArray<string> }
  | { readonly _tag: "Resume"; readonly differences: ReadonlyArray<string> }

const formatIntents = (bits: Intents.Intents): string => {
  const names = Intents.names(bits)
  return names.length === 0 ? `with the bits ${bits}` : names.join(", ")
}

/** Removes bits from a set, also those beyond the 31st, which are not intents yet. */
const without = (bits: Intents.Intents, others: Intents.Intents): Intents.Intents =>
  Either.getOrElse(Intents.fromBits(Number(BigInt(bits) & ~BigInt(others))), () => Intents.none)

/**
 * Refuses a session that lacks an intent, or that belongs to another bot, shard, total or API version, because handlers
 * would miss events. Other differences do not prevent a resume, because a new session costs an IDENTIFY of the day. The bot
 * is compared only if both sides know it.
 */
export const compare = (stored: Session.Identity, needed: Session.Identity): Verdict => {
  const missing = without(needed.intents, stored.intents)
  const reasons = [
    ...(missing === Intents.none ? [] : [`it lacks the intents ${formatIntents(missing)}`]),
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
      ...(surplus === Intents.none ? [] : [`it also has the intents ${formatIntents(surplus)}`]),
      ...(stored.largeThreshold === needed.largeThreshold
        ? []
        : [`its large threshold is ${stored.largeThreshold}, not ${needed.largeThreshold}`])
    ]
  }
}
