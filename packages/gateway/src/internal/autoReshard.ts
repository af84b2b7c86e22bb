/** Watches how full a fleet's shards are, and reshards it before the gateway closes one with 4011. */
import type * as ConfigError from "effect/ConfigError"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AutoReshardOptions, Fleet } from "../Fleet.js"
import type { GatewayApi } from "../GatewayApi.js"
import * as Check from "./config/check.js"
import * as FleetReshard from "./fleetReshard.js"
import * as Guard from "./foreign/guard.js"
import * as PeerText from "./wire/peerText.js"

/** What is known when it is decided. */
export class Fullness extends Data.Class<{
  readonly total: number
  /** Guilds of the shard that has most. */
  readonly fullest: number
  /** What Discord recommends. */
  readonly recommended: number
}> {}

/**
 * The total to go to, if there is need. A shard that is nearly full is need; so is a recommendation of half as many
 * again. The recommendation is the total, for it respects what Discord asks of large bots; where it lags behind, the
 * shards double.
 */
export const nextTotal = (fullness: Fullness, guildsPerShard: number): Option.Option<number> => {
  const { fullest, recommended, total } = fullness
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
      : "it is 0; the fleet would be looked at all the time")

const checks: Check.Fields = {
  ...FleetReshard.options,
  interval: positiveDuration,
  guildsPerShard: Check.integer(1)
}

const watchChecked = (fleet: Fleet, api: GatewayApi, options: AutoReshardOptions): Effect.Effect<never> => {
  const look = Effect.gen(function*() {
    const { shards, total } = yield* fleet.status
    const { shards: recommended } = yield* Guard.runWithin(() => api.gatewayBot, {
      limit: FleetReshard.limit,
      onDefect: PeerText.toError
    })
    // A shard whose guilds are unknown is not the reason to reshard; what Discord recommends counts its guilds too.
    const fullest = shards.reduce((most, { guilds }) => Math.max(most, Option.getOrElse(guilds, () => 0)), 0)
    const next = nextTotal(new Fullness({ total, fullest, recommended }), options.guildsPerShard ?? 2_000)
    if (Option.isSome(next)) {
      yield* Effect.logInfo(
        `the fullest of ${total} shards has ${fullest} guilds, and ${recommended} are recommended: resharding to ${next.value}`
      )
      yield* fleet.reshard(next.value, options)
    }
  })
  const lookAndLog = Effect.catchAll(look, (error) => Effect.logError(error.message))
  return Effect.forever(Effect.zipRight(Effect.sleep(options.interval ?? Duration.hours(1)), lookAndLog))
}

export const watch = (
  fleet: Fleet,
  api: GatewayApi,
  options: AutoReshardOptions
): Effect.Effect<never, ConfigError.ConfigError> =>
  Effect.zipRight(Check.fields(checks, options), watchChecked(fleet, api, options))
