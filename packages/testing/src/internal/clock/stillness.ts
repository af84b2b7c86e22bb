/** Notices a Clock that does not move, as TestClock until a test adjusts it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const liveClock = Clock.make()

/** Intervals of real time during which the Clock did not move, after which no fiber is left that could act. */
const stillTurns = 20
const turn = Effect.withClock(Effect.sleep("100 millis"), liveClock)

/** Completes when the Clock has not moved for two seconds of real time. */
export const clockStill: Effect.Effect<void> = Effect.gen(function*() {
  let last = yield* Clock.currentTimeMillis
  for (let still = 0; still < stillTurns;) {
    yield* turn
    const now = yield* Clock.currentTimeMillis
    still = now === last ? still + 1 : 0
    last = now
  }
})
