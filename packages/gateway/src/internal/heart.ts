import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import type * as Scope from "effect/Scope"
import type * as Heart from "../Heart.js"
import * as Lag from "./lag.js"
import * as Timetable from "./timetable.js"

/** A member, and what takes it out of the timetable; none once it has left. */
interface Entry {
  readonly member: Heart.Member
  leave: (() => void) | undefined
}

/** One member never keeps another from its heartbeat. */
const ring = ({ member }: Entry, late: number): Heart.Due | undefined => {
  try {
    return member.onDue(late)
  } catch (cause) {
    member.onDefect(cause)
    return undefined
  }
}

export const make: Effect.Effect<Heart.Heart, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const run = yield* FiberHandle.makeRuntime<never>()
  // Apart from each other: a heartbeat must not go by the time of a deadline that happens to be close.
  const [exact, loose] = [Timetable.make<Entry>(), Timetable.make<Entry>()]
  // No wall clock: one that is set back would stop all heartbeats until it has caught up.
  const origin = clock.unsafeCurrentTimeNanos()
  const now = () => Number(clock.unsafeCurrentTimeNanos() - origin) / 1_000_000
  let sleepsUntil = Number.POSITIVE_INFINITY

  const nextAt = () => Math.min(exact.nextAt(), loose.nextAt())

  const enter = (entry: Entry, from: number, { after, slack }: Heart.Due) =>
    (slack > 0 ? loose : exact).enter(entry, from + after, slack)

  const wake = (at: number, late: number) => {
    // While the process is in time, times follow from each other: the millisecond that a timer takes longer would part
    // members with time.
    const from = late < Lag.toleranceMillis ? at : Math.max(at, now())
    for (const entry of [...exact.take(from), ...loose.take(from)]) {
      const due = entry.leave && ring(entry, late)
      // It may have left in the meantime.
      entry.leave = due && entry.leave && enter(entry, from, due)
    }
  }

  const beat: Effect.Effect<void> = Effect.suspend(() => {
    const at = nextAt()
    sleepsUntil = at
    return at === Number.POSITIVE_INFINITY
      ? Effect.void
      : Effect.flatMap(Lag.sleep(Duration.millis(Math.max(0, at - now()))), (late) => {
        wake(at, Math.max(late, now() - at))
        return beat
      })
  })

  return {
    unsafeJoin: (member, first) => {
      const entry: Entry = { member, leave: undefined }
      entry.leave = enter(entry, now(), first)
      if (nextAt() < sleepsUntil) {
        run(beat)
      }
      return () => {
        entry.leave?.()
        entry.leave = undefined
      }
    }
  }
})
