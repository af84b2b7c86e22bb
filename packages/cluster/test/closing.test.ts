/** Closes a runner while it ends one plan to begin the next. */
import { assert, it } from "@effect/vitest"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as ClusterEngine from "../src/ClusterEngine.js"
import * as ClusterFleet from "../src/ClusterFleet.js"
import * as NodeCluster from "../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../src/SqlIdentifyQueue.js"
import * as Trial from "./proof/trial.js"

/** An engine that takes half a second to end. */
const slowEngine = (ending: Deferred.Deferred<void>) =>
  Layer.effect(
    ClusterEngine.ClusterEngine,
    Effect.map(ClusterEngine.ClusterEngine, ({ build }) => ({
      build: (options) =>
        Effect.tap(build(options), () =>
          Effect.addFinalizer(() =>
            Effect.zipRight(Deferred.succeed(ending, undefined), Effect.sleep("500 millis"))
          ))
    }))
  )

it.scopedLive("a runner that is closed while its plan changes ends", () =>
  Effect.gen(function*() {
    const ending = yield* Deferred.make<void>()
    const engine = Layer.provide(
      slowEngine(ending),
      NodeCluster.layer({ host: "127.0.0.1", port: yield* Trial.freePort })
    )
    const layer = ClusterFleet.layer({ shards: 1, lease: "6 seconds", handlers: () => Effect.void }).pipe(
      Layer.provide(SqlIdentifyQueue.layer({ maxConcurrency: 16 })),
      Layer.provide(engine),
      Layer.provide(NodeCluster.layerSqlite(`${yield* Trial.scratch}/cluster.db`)),
      Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") }))
    )
    const scope = yield* Scope.make()
    const cluster = Context.get(yield* Layer.buildWithScope(layer, scope), ClusterFleet.ClusterFleet)
    yield* cluster.reshard(2)
    yield* Deferred.await(ending)
    const ended = yield* Effect.timeoutOption(Effect.disconnect(Scope.close(scope, Exit.void)), "1 minute")
    assert.isTrue(Option.isSome(ended))
  }).pipe(Effect.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 16 }))), 120_000)
