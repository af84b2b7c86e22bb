/** One fiber that calls the timers of many connections. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import type * as Scope from "effect/Scope"
import type * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import { EventLoopLag, Monotonic } from "../time/index.js"
import * as TimerTable from "./timerTable.js"

/** A timer and the function that takes it out of the table; none once it has been removed. */
interface Entry {
  readonly timer: HeartbeatScheduler.Timer
  remove: (() => void) | undefined
}

/** Calls a timer. One that throws is removed and does not affect the others. */
const call = ({ timer }: Entry, late: number): HeartbeatScheduler.Delay | undefined => {
  try {
    return timer.onDue(late)
  } catch (cause) {
    timer.onDefect(cause)
    return undefined
  }
}

export const make: Effect.Effect<HeartbeatScheduler.HeartbeatScheduler, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const run = yield* FiberHandle.makeRuntime<never>()
  // Two tables, because a heartbeat must not take the time of a deadline that happens to be close.
  const [exact, loose] = [TimerTable.make<Entry>(), TimerTable.make<Entry>()]
  const now = () => Monotonic.unsafeMillis(clock)
  let sleepsUntil = Number.POSITIVE_INFINITY

  const nextAt = () => Math.min(exact.nextAt(), loose.nextAt())

  const add = (entry: Entry, from: number, { after, slack }: HeartbeatScheduler.Delay) =>
    (slack > 0 ? loose : exact).add(entry, from + after, slack)

  const callUpTo = (at: number) => {
    const late = Math.max(0, now() - at)
    // While the process is in time, times follow from each other: the millisecond by which a timer of the runtime is late
    // would separate timers in the long run.
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
    unsafeSchedule: (timer, first) => {
      const entry: Entry = { timer, remove: undefined }
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
