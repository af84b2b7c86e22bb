/** Updates a queue with the limits that Discord reports. */
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as GatewayApi from "../../GatewayApi.js"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import * as Budget from "./budget.js"

/** The pause after a failed request. */
const retryPause = Duration.minutes(1)

/** Converts the reported limit. The window ends later by a margin, and Discord is asked again before. */
export const toBudget = (
  { remaining, resetAfter, total }: GatewayApi.SessionStartLimit
): IdentifyQueue.BudgetOptions => ({
  total,
  remaining,
  resetAfter: Duration.toMillis(resetAfter) === 0
    ? undefined
    : Duration.sum(resetAfter, Duration.millis(Budget.lateness))
})

/** Asks Discord again at the end of each window. */
export const forever = (
  api: GatewayApi.GatewayApi,
  update: (change: IdentifyQueue.Change) => Effect.Effect<void, ConfigError.ConfigError>,
  { resetAfter }: GatewayApi.SessionStartLimit
): Effect.Effect<never> => {
  const pause = Duration.toMillis(resetAfter) === 0 ? Duration.days(1) : Duration.max(resetAfter, Duration.seconds(1))
  const ask = api.gatewayBot.pipe(
    Effect.tapError((error) =>
      Effect.logError(
        `the identify budget could not be refreshed, and the last values remain in use: ${error.message}`
      )
    ),
    Effect.retry({ schedule: Schedule.spaced(retryPause) }),
    Effect.orDie
  )
  return Effect.sleep(pause).pipe(
    Effect.zipRight(ask),
    Effect.flatMap(({ sessionStartLimit: limit }) =>
      update({ maxConcurrency: limit.maxConcurrency, budget: toBudget(limit) }).pipe(
        Effect.catchAll((error) =>
          Effect.logError(`Discord reported invalid identify limits, and the last ones remain in use: ${String(error)}`)
        ),
        Effect.zipRight(forever(api, update, limit))
      )
    )
  )
}
