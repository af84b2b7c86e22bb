/** One fiber that calls the timers of many connections. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import type * as Scope from "effect/Scope"
import type * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import { EventLoopLag, Monotonic } from "../time/index.js"
import type { Delay, Timer, TimerScheduler } from "../time/index.js"
import * as TimerTable from "./timerTable.js"

/** A timer and the function that removes it from its table; undefined once it is removed. */
interface ScheduledTimer {
  readonly timer: Timer
  remove: (() => void) | undefined
}

/** Calls a timer. One that throws is removed and does not affect the others. */
const call = ({ timer }: ScheduledTimer, late: number): Delay | undefined => {
  try {
    return timer.onDue(late)
  } catch (cause) {
    timer.onDefect(cause)
    return undefined
  }
}

/** The type id of the public service. */
// A symbol of the registry is unique by its name.
export const TypeId: HeartbeatScheduler.TypeId = Symbol.for(
  "@vesper/gateway/HeartbeatScheduler"
) as HeartbeatScheduler.TypeId

/** The implementation of the public service. */
export interface Scheduler extends HeartbeatScheduler.HeartbeatScheduler, TimerScheduler {}

/** Returns the implementation of a scheduler. */
// Only `make` uses the type id.
export const fromService = (service: HeartbeatScheduler.HeartbeatScheduler): Scheduler => service as Scheduler

/** Makes a scheduler that runs until the scope closes. */
export const make: Effect.Effect<Scheduler, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const run = yield* FiberHandle.makeRuntime<never>()
  // Two tables, because a heartbeat must not be moved to the time of a timer without slack.
  const [exact, loose] = [TimerTable.make<ScheduledTimer>(), TimerTable.make<ScheduledTimer>()]
  const now = () => Monotonic.unsafeMillis(clock)
  let sleepsUntil = Number.POSITIVE_INFINITY

  const nextAt = () => Math.min(exact.nextAt(), loose.nextAt())

  const add = (entry: ScheduledTimer, from: number, { after, slack }: Delay) =>
    (slack > 0 ? loose : exact).add(entry, from + after, slack)

  const callUpTo = (at: number) => {
    const late = Math.max(0, now() - at)
    // Unless the process lags, the next time is computed from the planned one. The usual delay of a millisecond would
    // otherwise separate timers that are called together.
    const from = late < EventLoopLag.toleranceMillis ? at : now()
    for (const entry of [...exact.take(from), ...loose.take(from)]) {
      const delay = entry.remove && call(entry, late)
      // Another timer may have removed it.
      entry.remove = delay && entry.remove && add(entry, from, delay)
    }
  }

  const loop: Effect.Effect<void> = Effect.suspend(() => {
    const at = nextAt()
    sleepsUntil = at
    return at === Number.POSITIVE_INFINITY
      ? Effect.void
      : Effect.zipRight(
        Effect.sleep(Duration.millis(Math.max(0, at - now()))),
        Effect.suspend(() => {
          callUpTo(at)
          return loop
        })
      )
  })

  return {
    [TypeId]: TypeId,
    unsafeSchedule: (timer, first) => {
      const entry: ScheduledTimer = { timer, remove: undefined }
      entry.remove = add(entry, now(), first)
      if (nextAt() < sleepsUntil) {
        run(loop)
      }
      return () => {
        entry.remove?.()
        entry.remove = undefined
      }
    }
  }
})
