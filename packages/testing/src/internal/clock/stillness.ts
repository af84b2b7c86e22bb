/** Notices a Clock that does not move, as TestClock until a test adjusts it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const liveClock = Clock.make()

/** Intervals of real time during which nothing happened, after which no fiber is left that could act. */
const stillTurns = 4
const turn = Effect.withClock(Effect.sleep("500 millis"), liveClock)

/** Completes when the Clock has not moved, and the last entry of the log has remained, for two seconds of real time. */
export const clockStill = (log: Effect.Effect<ReadonlyArray<unknown>>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const observe = Effect.all([Clock.currentTimeMillis, Effect.map(log, (entries) => entries.at(-1))])
    let last = yield* observe
    for (let still = 0; still < stillTurns;) {
      yield* turn
      const now = yield* observe
      still = now[0] === last[0] && now[1] === last[1] ? still + 1 : 0
      last = now
    }
  })
