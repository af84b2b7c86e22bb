/** The tag of a fleet, apart from its implementation, which a bot of one shard does not load. */
import * as Context from "effect/Context"
import type { Fleet } from "../../Fleet.js"

export const tag = Context.GenericTag<Fleet>("@vesper/gateway/Fleet")
