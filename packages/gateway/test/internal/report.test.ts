import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../src/Diagnostic.js"
import { report } from "../../src/internal/diagnostics/report.js"
import * as ShardState from "../../src/internal/state/shardState.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { layer, silent } from "../harness.js"

describe("report", () => {
  it.effect("tells the log once that the process was blocked, however many shards notice", () => {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => lines.push(message))
    return Effect.gen(function*() {
      const config = yield* ShardConfig.ShardConfig
      const shards = yield* Effect.forEach(ShardId.all(3), (id) => ShardState.make(id, config, silent))
      const lagged = Diagnostic.Lagged({ blockedFor: Duration.seconds(2) })
      yield* Effect.forEach(shards, (shard) => report(shard, lagged))
      assert.strictEqual(lines.length, 1)
      assert.include(String(lines[0]), "blocked for 2s")
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(shards, (shard) => report(shard, lagged))
      assert.strictEqual(lines.length, 2, "another time is worth another line")
    }).pipe(
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(layer())
    )
  })
})
