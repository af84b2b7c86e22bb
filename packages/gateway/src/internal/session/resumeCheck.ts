/**
 * Decides if the session of an earlier process is resumed: its IDENTIFY is compared with the config of the shard. A RESUME
 * cannot change the intents, the large threshold and the presence of a session.
 */
import * as Intents from "@vesper/model/Intents"
import * as Either from "effect/Either"
import type * as Session from "../../Session.js"
import type { ShardState } from "../state/index.js"
import { PeerText } from "../wire/index.js"
import * as Identity from "./identity.js"

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

/** In UTF-16 units. Discord's session ids have 32. */
const maxIdLength = 200

/** Decides if the shard resumes the session of an earlier process. */
export const check = (
  shard: Pick<ShardState.ShardState, "config" | "id">,
  { id, identity }: Session.Session
): Verdict => {
  if (!PeerText.isPlain(id, maxIdLength)) {
    return { _tag: "Refuse", reasons: ["its id is too long or contains control characters"] }
  }
  return identity === undefined
    ? { _tag: "Resume", differences: [] }
    : compare(identity, Identity.make(shard.config, shard.id))
}
