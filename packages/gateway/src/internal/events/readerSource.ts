/** The part of a shard or a fleet from which readers of its events are opened. */
import type * as Effect from "effect/Effect"
import type * as ShardConfig from "../../ShardConfig.js"
import type { After } from "../time/index.js"
import type { Parse } from "./log/index.js"
import type { Readers } from "./readerRegistry.js"

export interface ReaderSource {
  readonly readers: Readers
  readonly config: Pick<ShardConfig.ShardConfig, "acknowledge" | "drainTimeout">
  readonly parse: Parse.Parse
  readonly after: After.After
  /** Starts the shard or the fleet if it is not running. */
  readonly start: Effect.Effect<void>
}

/** Returns true if an event whose handler has not succeeded is requeued, and holds the session to resume from. */
export const isTracked = ({ config }: ReaderSource): boolean => config.acknowledge === "onHandled"
