/**
 * Listeners of the shard's own, by the name of the event. They receive an event when it arrives, also one that the program does
 * not want, and take it from no reader.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Entry } from "./entry.js"
import { isFailure, parse } from "./parse.js"

type Listener = (d: Record<string, unknown>) => void

export class Listeners {
  /** How many listen, to any event: all that the hot path reads while there are none. */
  count = 0
  private readonly byName = new Map<string, Set<Listener>>()

  has(t: string): boolean {
    return this.byName.has(t)
  }

  /** Passes an event to the listeners of its name. A body that cannot be parsed is its reader's error. */
  emit(entry: Entry): void {
    const listeners = this.byName.get(entry.t)
    const event = listeners && parse(entry)
    if (listeners !== undefined && event !== undefined && !isFailure(event)) {
      const body: unknown = event.d
      if (Predicate.isRecord(body)) {
        Array.from(listeners).forEach((listener) => listener(body))
      }
    }
  }

  /** Listens until the scope closes. `listener` must not throw; fields of the body are as Discord documents them. */
  listen<T extends EventType.EventType>(
    t: T,
    listener: (d: Dispatch.DataOf<T>) => void
  ): Effect.Effect<void, never, Scope.Scope> {
    // Bodies are trusted to be what Discord documents for their names, as everywhere.
    const untyped = listener as Listener
    return Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => this.add(t, untyped)),
      () => Effect.sync(() => this.remove(t, untyped))
    ))
  }

  private add(t: string, listener: Listener): void {
    this.byName.set(t, (this.byName.get(t) ?? new Set()).add(listener))
    this.count++
  }

  private remove(t: string, listener: Listener): void {
    const listeners = this.byName.get(t)
    if (listeners?.delete(listener) === true) {
      this.count--
      if (listeners.size === 0) {
        this.byName.delete(t)
      }
    }
  }
}
