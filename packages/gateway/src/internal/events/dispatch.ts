/** Looks up the handlers of an event, and runs them one after the other. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Diagnostic from "../../Diagnostic.js"
import type * as Events from "../../Events.js"
import * as Handling from "./handling.js"

/** Surrounds each run of a handler. `from` is the source of the event. */
export type Around<E, E2, R, R2, From> = (
  handled: Effect.Effect<unknown, E, R>,
  event: Dispatch.Known,
  from: From
) => Effect.Effect<unknown, E2, R2>

const byEvent = <E, R>(
  self: Events.Handlers<E, R>
): ReadonlyMap<string, ReadonlyArray<Events.Registration<E, R>["run"]>> => {
  const table = new Map<string, Array<Events.Registration<E, R>["run"]>>()
  for (const { event, run } of self.registrations) {
    const runs = table.get(event)
    if (runs === undefined) {
      table.set(event, [run])
    } else {
      runs.push(run)
    }
  }
  return table
}

/** Makes one handler of all. A handler that is done at once leaves nothing to run. */
export const make = <E, R, E2, R2, From>(
  self: Events.Handlers<E, R>,
  around: Around<E, E2, R, R2, From>
): (event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, E2, R2> => {
  const table = byEvent(self)
  return (event, from) => {
    const runs = event.t === "UnknownDispatch" ? undefined : table.get(event.t)
    if (runs === undefined || event.t === "UnknownDispatch") {
      return Effect.void
    }
    const handle = (run: Events.Registration<E, R>["run"]): Effect.Effect<unknown, E2, R2> => {
      const handled = Handling.attempt(() => run(event))
      return Handling.isDone(handled) ? Effect.void : around(handled, event, from)
    }
    const [first] = runs
    return first !== undefined && runs.length === 1 ? handle(first) : Effect.forEach(runs, handle, { discard: true })
  }
}

/** A failing handler is reported and does not affect other handlers. */
export const isolated = <E, R, From, R2>(
  report: (from: From, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void, never, R2>
): Around<E, never, R, R | R2, From> =>
(handled, event, from) =>
  Effect.catchAllCause(
    handled,
    (cause: Cause.Cause<E>) => report(from, Diagnostic.HandlerFailed({ event: event.t, sequence: event.s, cause }))
  )
