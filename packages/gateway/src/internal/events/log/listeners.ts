/**
 * Internal listeners of the shard, by the name of the event. They are called when an event arrives, including events that the program
 * does not want, and do not affect readers.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Entry } from "./entry.js"
import { isFailure, parse } from "./parse.js"

type BodyListener = (d: Record<string, unknown>) => void

export class Listeners {
  /** Number of all listeners. The hot path reads only this while it is 0. */
  count = 0
  private readonly byName = new Map<string, Set<BodyListener>>()

  has(t: string): boolean {
    return this.byName.has(t)
  }

  /** Calls the listeners of the event's name. Ignores a body that cannot be parsed, which readers report. */
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

  /** Adds a listener until the scope closes. It must not throw. */
  listen<T extends EventType.EventType>(
    t: T,
    listener: (d: Dispatch.DataOf<T>) => void
  ): Effect.Effect<void, never, Scope.Scope> {
    // A body is trusted to have the fields that Discord documents for its name.
    const untyped = listener as BodyListener
    return Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => this.add(t, untyped)),
      () => Effect.sync(() => this.remove(t, untyped))
    ))
  }

  private add(t: string, listener: BodyListener): void {
    this.byName.set(t, (this.byName.get(t) ?? new Set()).add(listener))
    this.count++
  }

  private remove(t: string, listener: BodyListener): void {
    const listeners = this.byName.get(t)
    if (listeners?.delete(listener) === true) {
      this.count--
      if (listeners.size === 0) {
        this.byName.delete(t)
      }
    }
  }
}
