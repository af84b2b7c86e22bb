/**
 * Listeners of the shard's own, by the name of the event. They hear an event as it arrives, also one that the program
 * does not want, and take it from nobody.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"

type Listener = (d: Record<string, unknown>) => void

export interface Taps {
  /** How many listen, to any event. All that the hot path looks at while nobody does. */
  listeners: number
  /** Hands an event to those who listen to its name. It is parsed once, and only if there are any. */
  readonly unsafeTell: (t: string, textOf: () => string) => void
  /** Listens until the scope closes. `listener` must not throw; fields of the body are as Discord documents them. */
  readonly listen: <T extends EventType.EventType>(
    t: T,
    listener: (d: Dispatch.DataOf<T>) => void
  ) => Effect.Effect<void, never, Scope.Scope>
}

/** The body of an event; none if it is damaged, which its reader will be told. */
const bodyOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const payload: unknown = JSON.parse(text)
    return Predicate.isRecord(payload) && Predicate.isRecord(payload["d"]) ? payload["d"] : undefined
  } catch {
    return undefined
  }
}

export const make = (): Taps => {
  const byName = new Map<string, Set<Listener>>()
  const taps: Taps = {
    listeners: 0,
    unsafeTell: (t, textOf) => {
      const listeners = byName.get(t)
      const d = listeners && bodyOf(textOf())
      if (listeners !== undefined && d !== undefined) {
        for (const listener of Array.from(listeners)) {
          listener(d)
        }
      }
    },
    listen: (t, listener) => {
      // Bodies are trusted to be what Discord documents for their names, as everywhere.
      const untyped = listener as Listener
      return Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => {
          const listeners = byName.get(t) ?? new Set()
          byName.set(t, listeners.add(untyped))
          taps.listeners++
        }),
        () =>
          Effect.sync(() => {
            const listeners = byName.get(t)
            listeners?.delete(untyped)
            if (listeners?.size === 0) {
              byName.delete(t)
            }
            taps.listeners--
          })
      ))
    }
  }
  return taps
}
