/** Memory after a long outage. */
import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"

/** Collects garbage. Targets of weak references that were read in this turn of the event loop live until the next. */
const collectGarbage = Effect.promise(async () => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  for (let n = 0; n < 3 && typeof collect === "function"; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
})

describe("an outage of hours", () => {
  it.scoped("leaves nothing of the attempts that have failed", () =>
    Effect.gen(function*() {
      const causes: Array<WeakRef<Error>> = []
      const socket = GatewaySocket.make((url) =>
        Effect.suspend(() => {
          const cause = new Error("nobody is there")
          causes.push(new WeakRef(cause))
          return Effect.fail(new GatewaySocket.OpenError({ url, status: Option.none(), cause }))
        })
      )
      const shard = yield* Effect.provide(Shard.make(ShardId.single), [
        Layer.succeed(GatewaySocket.GatewaySocket, socket),
        ShardConfig.layer({ token: Redacted.make("token"), intents: Intents.none }),
        IdentifyQueue.layerUnlimited,
        Logger.minimumLogLevel(LogLevel.None)
      ])
      yield* Effect.forkScoped(shard.runForEach(() => Effect.void))
      yield* TestClock.adjust("2 hours")
      assert.isAbove(causes.length, 100)
      yield* collectGarbage
      // The last few are still referenced.
      assert.isBelow(causes.filter((cause) => cause.deref() !== undefined).length, 5)
    }).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None))))
})
