import { assert, describe, it } from "@effect/vitest"
import * as CloseCode from "@vesper/model/CloseCode"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ShardConfig from "../../src/ShardConfig.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, layer, startShard, timesReceived, withChance } from "../harness.js"

/** Runs everything that is due now. */
const settle = TestClock.adjust(0)

const opened = Effect.map(entries("Opened"), (all) => all.map(({ at, url }) => ({ at, host: new URL(url).hostname })))

const gatewayHost = new URL(ShardConfig.defaultGatewayUrl).hostname
const resumeHost = "resume.simulator.test"

describe("opcode 7", () => {
  it.scoped("makes the shard close with 4000 and resume at the resume URL", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Reconnect())
      yield* settle
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by, code }) => [by, code]), [["client", 4000]])
      assert.deepStrictEqual(yield* opened, [{ at: 0, host: gatewayHost }, { at: 0, host: resumeHost }])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(Effect.provide(layer())))

  it.scoped("before the hello makes the shard connect again", () =>
    Effect.gen(function*() {
      yield* inject(Fault.ReconnectBeforeHello({ host: "any", times: 1 }))
      const shard = yield* startShard
      yield* awaitReady(shard)
      assert.strictEqual((yield* opened).length, 2)
    }).pipe(Effect.provide(layer())))
})

describe("opcode 9", () => {
  it.scoped("true makes the shard resume", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.InvalidSession({ resumable: true }))
      yield* settle
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.strictEqual((yield* entries("Identified")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("false makes it forget the session, close with 1000 and identify at the first URL, by the queue", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const before = yield* shard.session
      yield* TestClock.adjust(2_000)
      yield* inject(Fault.InvalidSession({ resumable: false }))
      yield* settle
      assert.deepStrictEqual(yield* shard.session, Option.none())
      assert.isTrue(ShardStatus.isIdentifying(yield* shard.status))
      yield* TestClock.adjust(3_000)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Identify), [0, 5_000])
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by, code }) => [by, code]), [["client", 1000]])
      assert.deepStrictEqual((yield* opened).map(({ host }) => host), [gatewayHost, gatewayHost])
      assert.notDeepEqual(yield* shard.session, before)
    }).pipe(Effect.provide(layer())))

  it.scoped("in answer to a resume makes it identify, and does not keep the resume URL", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.EndSession())
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* opened).map(({ host }) => host), [gatewayHost, resumeHost, gatewayHost])
      assert.strictEqual((yield* entries("Identified")).length, 2)
      assert.deepStrictEqual(
        yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, ({ violations }) => violations),
        []
      )
    }).pipe(Effect.provide(layer())))

  it.scoped("in a row meets the back-off", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* startShard
      yield* simulator.logChanges.pipe(
        Stream.filter((entry) => entry._tag === "Identified"),
        Stream.runForEach(() => inject(Fault.InvalidSession({ resumable: false }))),
        Effect.forkScoped
      )
      yield* TestClock.adjust("2 minutes")
      // 0, 1, 2, 4 s of back-off are hidden behind the queue's 5 s; then 8, 16 and 32 s.
      assert.deepStrictEqual(yield* timesReceived(Opcode.Identify), [
        0,
        5_000,
        10_000,
        15_000,
        20_000,
        28_000,
        44_000,
        76_000
      ])
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("can be followed by the older documentation's wait", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust("1 minute")
      yield* inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* timesReceived(Opcode.Identify), [0, 63_000])
    }).pipe(
      withChance(0.5),
      Effect.provide(layer({ config: { reconnect: { invalidSessionDelay: ["1 second", "5 seconds"] } } }))
    ))
})

describe("a close code", () => {
  for (const { code, mayReconnect, mayResume, name } of CloseCode.all.filter(({ code }) => code !== 1006)) {
    const outcome = !mayReconnect ? "stops the shard" : mayResume ? "leads to a resume" : "leads to an identify"
    it.scoped(`${code} (${name}) ${outcome}`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* inject(Fault.Close({ code, reason: name }))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* entries("Opened")).length, mayReconnect ? 2 : 1)
        assert.strictEqual((yield* entries("Resumed")).length, mayReconnect && mayResume ? 1 : 0)
        assert.strictEqual((yield* entries("Identified")).length, mayReconnect && !mayResume ? 2 : 1)
        if (!mayReconnect) {
          assert.deepStrictEqual(yield* shard.status, ShardStatus.FatallyClosed({ closeCode: code }))
          const error = yield* Effect.flip(Stream.runDrain(shard.events))
          assert.deepStrictEqual([error._tag, error.code, error.reason], ["FatallyClosedError", code, name])
          assert.include(error.message, CloseCode.describe(code))
          assert.strictEqual((yield* Effect.flip(shard.nextEvent))._tag, "FatallyClosedError")
          assert.strictEqual((yield* Effect.flip(shard.send("{\"op\":3}"))).reason, "Sending")
          yield* shard.connect
          yield* settle
          assert.strictEqual((yield* entries("Opened")).length, 1)
        }
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("is told by the status until the next attempt", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 1, status: 503 }))
      yield* inject(Fault.Close({ code: 4000, reason: "" }))
      yield* settle
      // The first attempt is immediate and is refused.
      assert.deepStrictEqual(
        yield* shard.status,
        ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 2 })
      )
      yield* TestClock.adjust("1 second")
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(withChance(0), Effect.provide(layer())))
})

describe("the back-off", () => {
  it.scoped("waits 0, 1, 2, 4 … seconds, a minute at most, and reports each failure", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* inject(Fault.RefuseConnections({ host: "any", times: 8, status: 503 }))
      const shard = yield* startShard
      const attempts: Array<number> = []
      yield* Effect.forkScoped(Effect.forever(Effect.catchTag(shard.nextEvent, "ReconnectError", ({ attempt }) =>
        Effect.sync(() => attempts.push(attempt)))))
      yield* TestClock.adjust("3 minutes")
      const refused = (yield* simulator.log).filter((entry) =>
        entry._tag === "Refused"
      ).map(({ at }) => at / 1_000)
      assert.deepStrictEqual(refused, [0, 0, 1, 3, 7, 15, 31, 63])
      assert.deepStrictEqual((yield* opened).map(({ at }) => at), [123_000])
      assert.deepStrictEqual(attempts, [1, 2, 3, 4, 5, 6, 7, 8])
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("is met by a gateway that accepts and closes at once, too", () =>
    Effect.gen(function*() {
      yield* inject(Fault.AcceptThenClose({ host: "any", times: 5 }))
      yield* startShard
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* opened).map(({ at }) => at), [0, 0, 1_000, 3_000, 7_000, 15_000])
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("is not counted on after a session that was up for twenty seconds", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const dropAfter = (millis: number) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(millis)
          yield* inject(Fault.Drop())
          yield* settle
          return yield* shard.status
        })
      assert.isTrue(ShardStatus.isConnected(yield* dropAfter(4_999)), "the first loss costs no wait")
      assert.isTrue(ShardStatus.isDisconnected(yield* dropAfter(4_999)), "the second in a row does")
      yield* TestClock.adjust("1 second")
      assert.isTrue(ShardStatus.isConnected(yield* dropAfter(20_000)), "a healthy session is no part of a row")
    }).pipe(withChance(0), Effect.provide(layer())))
})

describe("the resume circuit", () => {
  it.scoped("leaves a resume host that refuses for hours, and resumes at the gateway URL", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.RefuseConnections({ host: "resume", times: Number.POSITIVE_INFINITY, status: 503 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* entries("Refused")).length, 3)
      const [resumed] = yield* entries("Resumed")
      assert.deepStrictEqual([resumed?.at, resumed?.replayed], [7_000, 0])
      assert.strictEqual((yield* entries("Identified")).length, 1)
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("identifies when neither host answers the resume", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.NeverResumed({ host: "any", times: Number.POSITIVE_INFINITY }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* timesReceived(Opcode.Resume)).length, 6)
      assert.strictEqual((yield* entries("Identified")).length, 2)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("holds on to the session while there is no network at all, and identifies once it is too old", () =>
    Effect.gen(function*() {
      const outage = (millis: number) =>
        Effect.gen(function*() {
          const shard = yield* startShard
          yield* awaitReady(shard)
          yield* inject(Fault.RefuseConnections({ host: "any", times: Number.POSITIVE_INFINITY, status: 503 }))
          yield* inject(Fault.Drop())
          yield* TestClock.adjust(millis)
          return yield* shard.session
        }).pipe(Effect.scoped, Effect.provide(layer()))
      assert.isTrue(Option.isSome(yield* outage(4 * 60_000)))
      assert.isTrue(Option.isNone(yield* outage(7 * 60_000)))
    }).pipe(withChance(0)))
})

describe("deadlines", () => {
  const cases = [
    ["open", Fault.NeverOpen({ host: "any", times: 1 }), 10_000],
    ["hello", Fault.NeverHello({ host: "any", times: 1 }), 20_000],
    ["ready", Fault.NeverReady({ host: "any", times: 1 }), 30_000]
  ] as const
  for (const [phase, fault, deadline] of cases) {
    it.scoped(`the phase "${phase}" is given ${deadline} ms, then the shard tries again and says so`, () =>
      Effect.gen(function*() {
        yield* inject(fault)
        const shard = yield* startShard
        const error = yield* Effect.fork(Effect.flip(shard.nextEvent))
        yield* TestClock.adjust(deadline - 1)
        assert.isNull(error.unsafePoll())
        yield* TestClock.adjust(1)
        const failure = yield* Fiber.join(error)
        assert.strictEqual(failure._tag, "ReconnectError")
        assert.include(failure.message, `silent in the phase "${phase}"`)
        yield* TestClock.adjust("10 seconds")
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("the phase \"resumed\" is given 30 s", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.NeverResumed({ host: "any", times: 1 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(29_999)
      assert.isTrue(ShardStatus.isResuming(yield* shard.status))
      yield* TestClock.adjust(1 + 1_000)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      assert.strictEqual((yield* timesReceived(Opcode.Resume)).length, 2)
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("a resume whose events arrive without RESUMED counts as resumed after 30 s", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const assumed = yield* Effect.fork(
        Stream.runHead(Stream.filter(shard.diagnostics, (one) => one._tag === "Resumed"))
      )
      yield* inject(Fault.NeverResumed({ host: "any", times: 1 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(20_000)
      yield* inject(Fault.SendText({ text: "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{}}" }))
      yield* TestClock.adjust(9_999)
      assert.isTrue(ShardStatus.isResuming(yield* shard.status))
      yield* TestClock.adjust(1)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      const diagnostic = Option.getOrThrow(yield* Fiber.join(assumed))
      assert.isTrue(diagnostic._tag === "Resumed" && diagnostic.isAssumed && diagnostic.replayed === 1)
      assert.strictEqual((yield* timesReceived(Opcode.Resume)).length, 1)
    }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { sessionTimeout: "1 hour" } }))))
})
