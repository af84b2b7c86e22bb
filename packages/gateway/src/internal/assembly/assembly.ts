/**
 * The internal side of a shard or a fleet that a bot is assembled on. It is found by the public object, so that the public
 * interface does not grow by it.
 */
import type * as ShardConfig from "../../ShardConfig.js"
import type * as Handlers from "../events/handlers.js"
import type { NextEvent } from "../events/nextEvent.js"
import type { Starter } from "./starter.js"

export interface Assembly {
  readonly starter: Starter
  readonly source: Handlers.Source
  readonly nextEvent: NextEvent
  /** Replaces the config. The next identify and the next connection use it. */
  readonly configure: (change: (config: ShardConfig.ShardConfig) => ShardConfig.ShardConfig) => void
}

const assemblies = new WeakMap<object, Assembly>()

export const set = (self: object, assembly: Assembly): void => {
  assemblies.set(self, assembly)
}

/** None for an object that the library has not made, such as a test double. */
export const get = (self: object): Assembly | undefined => assemblies.get(self)
