import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import type * as Scope from "effect/Scope"
import type * as Heart from "../Heart.js"
import * as Lag from "./lag.js"
import * as Timetable from "./timetable.js"

/** A member, and where it stands in the timetable: nowhere once it has left. */
interface Entry {
  readonly member: Heart.Member
  row: Timetable.Row<Entry> | undefined
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
  const timetable = Timetable.make<Entry>()
  // No wall clock: one that is set back would stop all heartbeats until it has caught up.
  const origin = clock.unsafeCurrentTimeNanos()
  const now = () => Number(clock.unsafeCurrentTimeNanos() - origin) / 1_000_000
  let sleepsUntil = Number.POSITIVE_INFINITY

  const wake = (at: number, late: number) => {
    // While the process is in time, times follow from each other: the millisecond that a timer takes longer would part
    // members with time.
    const from = late < Lag.toleranceMillis ? at : Math.max(at, now())
    for (const entry of timetable.take(from)) {
      const due = entry.row && ring(entry, late)
      // It may have left in the meantime.
      entry.row = due && entry.row && timetable.enter(entry, from + due.after, due.slack)
    }
  }

  const beat: Effect.Effect<void> = Effect.suspend(() => {
    const at = timetable.nextAt()
    sleepsUntil = at ?? Number.POSITIVE_INFINITY
    return at === undefined
      ? Effect.void
      : Effect.flatMap(Lag.sleep(Duration.millis(Math.max(0, at - now()))), (late) => {
        wake(at, Math.max(late, now() - at))
        return beat
      })
  })

  return {
    unsafeJoin: (member, first) => {
      const entry: Entry = { member, row: undefined }
      entry.row = timetable.enter(entry, now() + first.after, first.slack)
      if (entry.row.at < sleepsUntil) {
        run(beat)
      }
      return () => {
        if (entry.row !== undefined) {
          timetable.leave(entry, entry.row)
          entry.row = undefined
        }
      }
    }
  }
})
