/** Finds the handlers of an event by its name, and runs them one after the other. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Events from "../../../Events.js"
import { isDone } from "./isDone.js"
import { getRegistrations, type Registration } from "./registration.js"

const groupByEvent = <E, R>(
  self: Events.Handlers<E, R>
): ReadonlyMap<string, ReadonlyArray<Registration<E, R>["run"]>> => {
  const groups = Arr.groupBy(getRegistrations(self), ({ event }) => event)
  return new Map(Object.entries(groups).map(([event, all]) => [event, all.map(({ run }) => run)]))
}

/**
 * Combines all handlers into one. `wrap` is called for each handler that does not complete synchronously. `from` is the origin of
 * the event, such as its shard.
 */
export const make = <E, R, E2, R2, From>(
  self: Events.Handlers<E, R>,
  wrap: (handled: Effect.Effect<unknown, E, R>, event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, E2, R2>
): (event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, E2, R2> => {
  const table = groupByEvent(self)
  /** Calls the handlers from the index on. One that does not complete synchronously delays the next one. */
  const callHandlers = (event: Dispatch.Dispatch, from: From, index = 0): Effect.Effect<unknown, E2, R2> => {
    const runs = table.get(Dispatch.name(event))
    if (runs === undefined) {
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
