/**
 * The internal interface of a shard or a fleet for the assembly of a bot. It is found by the public object, so that it is not part of
 * the public interface.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as ShardConfig from "../../ShardConfig.js"
import type { NextEvent, ReaderSource } from "../events/index.js"

/** The operations of a shard or a fleet that an assembly uses. */
export interface Assembly {
  /** Delays the start until the scope closes or the returned effect runs. */
  readonly deferStart: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** Starts it once no assembly defers the start. */
  readonly start: Effect.Effect<void>
  readonly hasStarted: () => boolean
  readonly source: ReaderSource
  readonly nextEvent: NextEvent
  readonly config: () => ShardConfig.ShardConfig
  /** Sets the intents of the next identify and the events that the next connection parses. */
  readonly configure: (resolved: Pick<ShardConfig.ShardConfig, "events" | "intents">) => void
}

const assemblies = new WeakMap<object, Assembly>()

export const set = (self: object, assembly: Assembly): void => {
  assemblies.set(self, assembly)
}

/** Returns undefined for an object that the library has not made, such as a test double. */
export const get = (self: object): Assembly | undefined => assemblies.get(self)
