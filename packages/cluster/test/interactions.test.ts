/** Interactions on a runner of a cluster: none waits for another, and each is answered in time and once. */
import { assert, it } from "@effect/vitest"
import * as Rest from "@vesper/bot/Rest"
import * as Events from "@vesper/gateway/Events"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Simulated from "../../bot/test/simulator/harness.js"
import * as Load from "../../bot/test/simulator/load.js"
import * as ClusterFleet from "../src/ClusterFleet.js"
import * as NodeCluster from "../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../src/SqlIdentifyQueue.js"
import * as Trial from "./proof/trial.js"

const token = Redacted.make("MTE.secret.token")

const runner = Layer.unwrapScoped(Effect.gen(function*() {
  const folder = yield* Trial.scratch
  const handlers = yield* Events.collect(Load.makeFeatures())
  return ClusterFleet.layer({
    shards: 2,
    handlers: Events.toHandler(handlers),
    concurrency: 256,
    order: "none"
  }).pipe(
    Layer.provide(SqlIdentifyQueue.layer({ maxConcurrency: 2 })),
    Layer.provide(NodeCluster.layerAlone),
    Layer.provide(NodeCluster.layerSqlite(`${folder}/cluster.db`))
  )
})).pipe(
  Layer.provide(ShardConfig.layer({ token, intents: Intents.none, acknowledge: "onHandled" })),
  Layer.provide(Rest.layer({ token, globalRequestsPerSecond: 1_000_000 }))
)

it.scopedLive(
  "40 interactions at once of two guilds are each answered in time and once on a cluster",
  () =>
    Effect.gen(function*() {
      yield* Layer.build(Layer.fresh(runner))
      const { sessions } = yield* GatewaySimulator.GatewaySimulator
      const areUp = Effect.map(sessions, (all) => all.filter(({ isConnected }) => isConnected).length === 2)
      yield* Effect.repeat(Effect.delay(areUp, 50), { until: (areUp) => areUp })
      const uses = Array.from({ length: 40 }, (_, index): Load.Use => ({ at: 0, millis: index * 100, end: "reply" }))
      assert.deepStrictEqual(Load.findLate(uses, yield* Load.send(uses)), [])
      const accepted = yield* Load.acceptedAnswers
      assert.strictEqual(accepted.size, uses.length)
      assert.strictEqual(Math.max(...accepted.values()), 1)
      assert.deepStrictEqual(yield* Simulated.violations, [])
    }).pipe(Effect.provide(Simulated.layer())),
  60_000
)
