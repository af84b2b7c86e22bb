import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import type * as Session from "@vesper/gateway/Session"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as FleetStore from "../../src/internal/fleetStore.js"
import * as Host from "../../src/internal/host.js"
import * as Leases from "../../src/internal/leases.js"

/** A database with one shard in it, which nobody else wants. */
const makeStore = (): FleetStore.FleetStore => {
  let session = Option.none<Session.Session>()
  return {
    begin: () => Effect.never,
    plan: Effect.never,
    claim: (shard) => Effect.sync(() => Option.some({ shard, fence: 1, session })),
    renew: (claims) =>
      Effect.succeed(claims.map(({ fence, shard }) => ({ total: shard.total, shard: shard.id, fence }))),
    appear: Effect.never,
    bury: Effect.void,
    beginPart: () => Effect.never,
    abandonPart: () => Effect.never,
    finishPart: () => Effect.never,
    save: (_, next) =>
      Effect.sync(() => {
        session = next
        return true
      }),
    tell: () => Effect.void,
    release: () => Effect.void,
    leave: Effect.void
  }
}

describe("a shard that has to go", () => {
  it.scopedLive(
    "between its identify and READY waits for the session, and is resumed by the next owner",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const store = makeStore()
        const host = Host.host({
          store,
          leases: yield* Leases.make(store, Duration.seconds(15)),
          concurrency: 1,
          poll: Duration.millis(100),
          handler: () => Effect.void,
          enter: () => () => {},
          failed: () => Effect.void
        }, ShardId.single)
        const first = yield* Effect.fork(host)
        yield* simulator.awaitLog(LogEntry.is("Identified"))
        yield* Fiber.interrupt(first)
        yield* Effect.fork(host)
        const resumed = yield* simulator.awaitLog(LogEntry.is("Resumed"))
        assert.strictEqual(resumed.connection, 2)
        const log = yield* simulator.log
        assert.strictEqual(log.filter(LogEntry.is("Identified")).length, 1)
      }).pipe(Effect.provide(Layer.mergeAll(
        GatewaySimulator.layerInMemory({ latency: "200 millis" }),
        IdentifyQueue.layerUnlimited,
        Layer.orDie(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") }))
      ))),
    30_000
  )
})
