/** Applies events to a store, and completes the waits for them. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as GuildState from "../../GuildState.js"
import type * as GuildStore from "../../GuildStore.js"
import { fromEvent, type Kept } from "../changes/index.js"

export const make = (
  store: GuildStore.GuildStore,
  kept: Kept,
  bounds: GuildStore.Bounds,
  events: ReadonlySet<string>
) => {
  // An event is parsed once for all readers, so its object identifies it.
  const applied = new WeakSet<object>()
  const waits = new WeakMap<object, Deferred.Deferred<void>>()

  const complete = (event: Dispatch.Dispatch): void => {
    applied.add(event)
    const wait = waits.get(event)
    if (wait !== undefined) {
      Deferred.unsafeDone(wait, Effect.void)
    }
  }

  const apply = (event: Dispatch.Dispatch): Effect.Effect<void, GuildStore.GuildStoreError> => {
    const changes = fromEvent(event, kept)
    if (store.unsafeWrite === undefined) {
      return Effect.ensuring(store.write(changes, bounds), Effect.sync(() => complete(event)))
    }
    store.unsafeWrite(changes, bounds)
    complete(event)
    return Effect.void
  }

  const after: GuildState.GuildState["after"] = (event): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!events.has(event.t) || applied.has(event)) {
        return Effect.void
      }
      const wait = waits.get(event) ?? Deferred.unsafeMake<void>(FiberId.none)
      waits.set(event, wait)
      return Deferred.await(wait)
    })

  return { apply, after }
}
