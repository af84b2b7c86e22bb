/** The gateway behind a simulator: used by the transports, invisible to users. */
import type * as Duration from "effect/Duration"
import type { Handler } from "../rest/index.js"
import type { Gateway } from "./gateway.js"

export interface Core {
  readonly gateway: Gateway
  /** The HTTP API. */
  readonly rest: Handler.Handler
  /** The time that a message takes to an in-memory client. */
  readonly latency: Duration.Duration
}

const cores = new WeakMap<object, Core>()

/** Records the core of a simulator. */
export const register = (simulator: object, core: Core): void => {
  cores.set(simulator, core)
}

/** Returns the core of a simulator; throws if it was not made by `GatewaySimulator.make`. */
export const get = (simulator: object): Core => {
  const core = cores.get(simulator)
  if (core === undefined) {
    throw new Error("this GatewaySimulator was not made by GatewaySimulator.make, which every layer of it uses")
  }
  return core
}
