import { assert, describe, it } from "@effect/vitest"
import * as GatewaySchema from "../../src/GatewaySchema.js"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { format, inspect } from "node:util"
import * as Latency from "../../src/Latency.js"
import * as Session from "../../src/Session.js"
import * as Shard from "../../src/Shard.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, inject, layer, startShard, token, withChance } from "../harness.js"

const { Connected, Connecting, Disconnected, FatallyClosed, Identifying, Resuming } = ShardStatus

const predicates = {
  isConnected: ShardStatus.isConnected,
  isConnecting: ShardStatus.isConnecting,
  isDisconnected: ShardStatus.isDisconnected,
  isFatallyClosed: ShardStatus.isFatallyClosed,
  isIdentified: ShardStatus.isIdentified,
  isIdentifying: ShardStatus.isIdentifying,
  isResuming: ShardStatus.isResuming
}

const statuses: ReadonlyArray<readonly [ShardStatus.ShardStatus, ReadonlyArray<keyof typeof predicates>]> = [
  [Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }), ["isDisconnected"]],
  [Connecting(), ["isConnecting"]],
  [Identifying(), ["isIdentifying"]],
  [Resuming(), ["isIdentified", "isResuming"]],
  [Connected(), ["isConnected", "isIdentified"]],
  [FatallyClosed({ closeCode: 4004 }), ["isFatallyClosed"]]
]

describe("the status", () => {
  for (const [status, holding] of statuses) {
    it(`${status._tag} is what ${holding.join(" and ")} and no other predicate says`, () => {
      const names: ReadonlyArray<string> = Object.entries(predicates).filter(([, holds]) => holds(status)).map((
        [name]
      ) => name)
      assert.deepStrictEqual(names, [...holding])
    })
  }

  it.scoped("and its changes tell a whole life, with close code and attempts", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      const published = yield* Effect.fork(
        Stream.runCollect(Stream.takeUntil(shard.statusChanges, ShardStatus.isFatallyClosed))
      )
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* shard.status, Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }))
      yield* awaitReady(shard)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 1, status: 503 }))
      yield* inject(Fault.Close({ code: 4000, reason: "" }))
      yield* TestClock.adjust("1 second")
      yield* inject(Fault.Close({ code: 4014, reason: "" }))
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(published)), [
        Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }),
        Connecting(),
        Identifying(),
        Connected(),
        Disconnected({ closeCode: Option.some(4000), reconnectAttempts: 1 }),
        Connecting(),
        Disconnected({ closeCode: Option.none(), reconnectAttempts: 2 }),
        Connecting(),
        Resuming(),
        Connected(),
        FatallyClosed({ closeCode: 4014 })
      ])
      assert.deepStrictEqual(yield* shard.status, FatallyClosed({ closeCode: 4014 }))
    }).pipe(withChance(0), Effect.provide(layer())))
})

describe("the session", () => {
  it.scoped("is none before READY; then its sequence is that of the last event, and its resume URL the gateway's", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.make(ShardId.single)
      assert.deepStrictEqual([yield* shard.session, yield* shard.resumeUrl], [Option.none(), Option.none()])
      const ready = yield* shard.nextEvent
      // It is set before the reader receives READY.
      const first = Option.getOrThrow(yield* shard.session)
      assert.strictEqual(ready.t === "READY" ? ready.d.session_id : "", first.id)
      assert.strictEqual(first.sequence, 1)
      assert.strictEqual(first.resumeUrl, (yield* simulator.urls).resume)
      assert.deepStrictEqual(yield* shard.resumeUrl, Option.some((yield* simulator.urls).resume))
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* TestClock.adjust(0)
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 2)
      yield* shard.close(CloseFrame.NORMAL)
      assert.deepStrictEqual([yield* shard.session, yield* shard.resumeUrl], [Option.none(), Option.none()])
    }).pipe(Effect.provide(layer())))

  it("can be written down and read back, with id, sequence and resume URL by name", () => {
    for (const session of [{ id: "a", sequence: 1 }, { id: "b", sequence: 2, resumeUrl: "wss://x.example/" }]) {
      const decoded = Schema.decodeUnknownSync(GatewaySchema.Session)(JSON.parse(JSON.stringify(session)))
      assert.deepStrictEqual(Schema.encodeSync(GatewaySchema.Session)(decoded), session)
      assert.deepStrictEqual(decoded, new Session.Session(session))
    }
  })
})

describe("the latency", () => {
  it.scoped("counts beats both ways, keeps the last five, and begins anew with the next connection", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      assert.deepStrictEqual(yield* shard.latency, Latency.empty)
      yield* TestClock.adjust(80)
      yield* awaitReady(shard)
      yield* TestClock.adjust(7 * 41_250)
      const latency = yield* shard.latency
      assert.deepStrictEqual([latency.beats, latency.periods], [7, 7])
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(latency.recent),
        Array.from({ length: 5 }, () => Duration.millis(20))
      )
      assert.deepStrictEqual(latency.average, Option.some(Duration.millis(20)))
      assert.deepStrictEqual(
        Option.map(latency.received, (at) => at - Option.getOrThrow(latency.sent)),
        Option.some(20)
      )
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(25)
      assert.deepStrictEqual(yield* shard.latency, Latency.empty)
    }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { latency: 20 } }))))
})

describe("the inflater", () => {
  it.scoped("tells bytes in, bytes out and their ratio, and begins anew with the next connection", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.make(ShardId.single)
      assert.deepStrictEqual(yield* shard.inflater, Option.none())
      yield* awaitReady(shard)
      const first = Option.getOrThrow(yield* shard.inflater)
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "again and ".repeat(1_000) } })
      yield* TestClock.adjust(0)
      const later = Option.getOrThrow(yield* shard.inflater)
      assert.isAbove(later.bytesOut - first.bytesOut, 10_000)
      assert.isBelow(later.bytesIn - first.bytesIn, 1_000)
      assert.strictEqual(later.ratio, later.bytesOut / later.bytesIn)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(0)
      const resumed = Option.getOrThrow(yield* shard.inflater)
      assert.isBelow(resumed.bytesOut, later.bytesOut)
      yield* shard.close(CloseFrame.RESUME)
      assert.deepStrictEqual(yield* shard.inflater, Option.none())
    }).pipe(Effect.provide(Layer.merge(layer(), NodeDecompressor.layerZlib()))))

  it.scoped("is none without compression", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      assert.deepStrictEqual(yield* shard.inflater, Option.none())
    }).pipe(Effect.provide(layer())))
})

describe("the rate limiter", () => {
  it.scoped("tells what is left of the connection's limit; none while there is no connection", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      assert.deepStrictEqual(yield* shard.rateLimiter, Option.none())
      yield* awaitReady(shard)
      yield* TestClock.adjust("10 seconds")
      yield* shard.send("{\"op\":3,\"d\":{}}")
      const limiter = Option.getOrThrow(yield* shard.rateLimiter)
      // The identify and the command.
      assert.deepStrictEqual([limiter.max, limiter.available], [117, 115])
      assert.deepStrictEqual(limiter.nextAvailable, Duration.zero)
      assert.deepStrictEqual(limiter.nextRefill, Option.some(Duration.seconds(51)))
      yield* shard.close(CloseFrame.RESUME)
      assert.deepStrictEqual(yield* shard.rateLimiter, Option.none())
    }).pipe(Effect.provide(layer())))

  it.scoped("is none when limiting is off", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      assert.deepStrictEqual(yield* shard.rateLimiter, Option.none())
    }).pipe(Effect.provide(layer({ config: { rateLimitCommands: false } }))))
})

describe("the config that a shard shows", () => {
  it.scoped("has the token in no rendering, of it or of anything that holds it", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const recorded = Logger.make<unknown, void>((entry) => {
        for (const logger of [Logger.stringLogger, Logger.logfmtLogger, Logger.jsonLogger]) {
          lines.push(logger.log(entry))
        }
        lines.push(inspect(Logger.structuredLogger.log(entry), { depth: 20 }))
      })
      const shard = yield* startShard
      yield* awaitReady(shard)
      const { config } = shard
      yield* Effect.log(config, shard).pipe(
        Effect.annotateLogs({ config }),
        Effect.provide(
          Layer.merge(Logger.replace(Logger.defaultLogger, recorded), Logger.minimumLogLevel(LogLevel.All))
        )
      )
      const mismatch = Schema.decodeUnknownEither(Schema.Struct({ token: Schema.String }))(config)
      const causes: ReadonlyArray<Cause.Cause<unknown>> = [
        Cause.fail(config),
        Cause.die(config),
        Cause.die(new Error("with a cause", { cause: config })),
        Cause.fail({ _tag: "Mine", config })
      ]
      for (const one of [config, shard, config.token, Exit.fail(config), ...causes]) {
        lines.push(
          inspect(one, { depth: 20, showHidden: true }),
          JSON.stringify(one),
          String(one),
          format("%s %o %j", one, one, one),
          Inspectable.toStringUnknown(one),
          Inspectable.format(one)
        )
      }
      lines.push(...causes.map((cause) => Cause.pretty(cause, { renderErrorCause: true })))
      lines.push(String(Option.getOrThrow(Either.getLeft(mismatch))))
      assert.strictEqual(Redacted.value(config.token), token)
      assert.isAbove(lines.length, 50)
      assert.deepStrictEqual(lines.filter((line) => line.includes(token)), [])
    }).pipe(Effect.provide(layer())))

  it.scoped("is what the shard was made with, and so is its id", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.unsafeMake(1, 3))
      assert.strictEqual(shard.config.largeThreshold, 100)
      assert.deepStrictEqual([shard.id.id, shard.id.total], [1, 3])
    }).pipe(Effect.provide(layer({ config: { largeThreshold: 100 } }))))
})
