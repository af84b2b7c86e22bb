/** Watches the number of guilds per shard, and reshards a fleet before the gateway closes a shard with 4011. */
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AutoReshardOptions, Fleet } from "../../Fleet.js"
import type { GatewayApi } from "../../GatewayApi.js"
import { Check } from "../config/index.js"
import { FleetReshard } from "./reshard/index.js"
import { Guard } from "../foreign/index.js"
import { PeerText } from "../wire/index.js"

interface Load {
  readonly total: number
  /** Guilds of the shard that has the most. */
  readonly fullest: number
  /** The number of shards that Discord recommends. */
  readonly recommended: number
}

/**
 * Returns the new total if a shard is nearly full, or if Discord recommends at least half as many shards again. The new
 * total is Discord's recommendation, which respects the rules for large bots, or else twice the current total.
 */
export const nextTotal = (load: Load, guildsPerShard: number): Option.Option<number> => {
  const { fullest, recommended, total } = load
  const isFull = fullest >= guildsPerShard
  if (!isFull && recommended < total * 1.5) {
    return Option.none()
  }
  return Option.some(recommended > total ? recommended : total * 2)
}

const positiveDuration: Check.Check = (value) =>
  Check.duration(value) ??
    (Option.exists(Duration.decodeUnknown(value), (duration) => Duration.toMillis(duration) > 0)
      ? undefined
      : "it is 0, and the fleet would be checked without a pause")

const checks: Check.Fields = {
  ...FleetReshard.options,
  interval: positiveDuration,
  guildsPerShard: Check.integer(1)
}

const watchChecked = (fleet: Fleet, api: GatewayApi, options: AutoReshardOptions): Effect.Effect<never> => {
  const check = Effect.gen(function*() {
    const { shards, total } = yield* fleet.status
    const { shards: recommended } = yield* Guard.runWithin(() => api.gatewayBot, {
      limit: FleetReshard.limit,
      onDefect: PeerText.toError
    })
    // A shard whose guilds are unknown counts as empty; Discord's recommendation includes its guilds.
    const fullest = shards.reduce((most, { guilds }) => Math.max(most, Option.getOrElse(guilds, () => 0)), 0)
    const next = nextTotal({ total, fullest, recommended }, options.guildsPerShard ?? 2_000)
    if (Option.isSome(next)) {
      yield* Effect.logInfo(
        `the fullest of ${total} shards has ${fullest} guilds, and ${recommended} are recommended: resharding to ${next.value}`
      )
      yield* fleet.reshard(next.value, options)
    }
  })
  const checkAndLog = Effect.catchAll(check, (error) => Effect.logError(error.message))
  return Effect.forever(Effect.zipRight(Effect.sleep(options.interval ?? Duration.hours(1)), checkAndLog))
}

/** Checks the fleet at an interval. A failed check is logged and tried again. */
export const watch = (
  fleet: Fleet,
  api: GatewayApi,
  options: AutoReshardOptions
): Effect.Effect<never, ConfigError.ConfigError> =>
  Effect.zipRight(Check.fields(checks, options), watchChecked(fleet, api, options))
