/** Shards over many machines: a runner, and the administration of its cluster. */
import * as Effect from "effect/Effect"
import type { AloneOptions, RunnerOptions } from "./run.js"

export { drain, reshard, status } from "./admin.js"

// Loaded on demand: the administration of a cluster needs no shard.
const runner = Effect.promise(() => import("./run.js"))

export const run = (options: RunnerOptions) => Effect.flatMap(runner, ({ run }) => run(options))

export const runAlone = (options: AloneOptions) => Effect.flatMap(runner, ({ runAlone }) => runAlone(options))
