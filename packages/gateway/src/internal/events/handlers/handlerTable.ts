/** Finds the handlers of an event by its name, and runs them one after the other. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Diagnostic from "../../../Diagnostic.js"
import type * as Events from "../../../Events.js"
import { isDone } from "./isDone.js"
import { getRegistrations, type Registration } from "./registration.js"

/** Wraps each run of a handler. `from` is the origin of the event, such as its shard. */
export type Wrap<E, E2, R, R2, From> = (
  handled: Effect.Effect<unknown, E, R>,
  event: Dispatch.Known,
  from: From
) => Effect.Effect<unknown, E2, R2>

const groupByEvent = <E, R>(
  self: Events.Handlers<E, R>
): ReadonlyMap<string, ReadonlyArray<Registration<E, R>["run"]>> => {
  const table = new Map<string, Array<Registration<E, R>["run"]>>()
  for (const { event, run } of getRegistrations(self)) {
    const runs = table.get(event)
    if (runs === undefined) {
      table.set(event, [run])
    } else {
      runs.push(run)
    }
  }
  return table
}

/** Combines all handlers into one. A handler that completes synchronously needs no run. */
export const make = <E, R, E2, R2, From>(
  self: Events.Handlers<E, R>,
  wrap: Wrap<E, E2, R, R2, From>
): (event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, E2, R2> => {
  const table = groupByEvent(self)
  /** Calls the handlers from the index on. One that does not complete synchronously delays the next one. */
  const callHandlers = (event: Dispatch.Dispatch, from: From, index = 0): Effect.Effect<unknown, E2, R2> => {
    const runs = table.get(event.t)
    if (runs === undefined || event.t === "UnknownDispatch") {
      return Effect.void
    }
    for (let at = index; at < runs.length; at++) {
      let handled: Effect.Effect<unknown, E, R> = Effect.void
      try {
        handled = runs[at]?.(event) ?? Effect.void
      } catch (defect) {
        handled = Effect.die(defect)
      }
      if (!isDone(handled)) {
        const wrapped = wrap(handled, event, from)
        return at + 1 === runs.length ? wrapped : Effect.flatMap(wrapped, () => callHandlers(event, from, at + 1))
      }
    }
    return Effect.void
  }
  return callHandlers
}

/** Reports a failing handler, so that it does not affect other handlers. */
export const isolateFailures = <E, R, From, R2>(
  report: (from: From, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void, never, R2>
): Wrap<E, never, R, R | R2, From> =>
(handled, event, from) =>
  Effect.catchAllCause(
    handled,
    (cause: Cause.Cause<E>) => report(from, Diagnostic.HandlerFailed({ event: event.t, sequence: event.s, cause }))
  )
