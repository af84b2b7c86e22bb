/** Reports the failure of a handler, which does not affect the shard and other handlers. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as Effect from "effect/Effect"
import * as Diagnostic from "../../../Diagnostic.js"
import type * as Events from "../../../Events.js"
import * as HandlerTable from "./handlerTable.js"

/** Combines all handlers into one that never fails: a failing handler is reported and does not affect other handlers. */
export const isolate = <E, R, From>(
  self: Events.Handlers<E, R>,
  report: (from: From, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void>
): (event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, never, R> =>
  HandlerTable.make(self, (handled, event, from: From) =>
    Effect.catchAllCause(
      handled,
      (cause) => report(from, Diagnostic.HandlerFailed({ event: Dispatch.name(event), sequence: event.s, cause }))
    ))
