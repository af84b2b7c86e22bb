import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import {
  awaitReady,
  entries,
  inject,
  layer,
  nameGuilds,
  startShard,
  startShards,
  timesReceived,
  withChance
} from "../harness.js"

/** Makes a command that no other replaces, with an id. */
const sounds = (id: string) => Effect.orDie(Command.requestSoundboardSounds({ guild_ids: [id] }))

const idsReceived = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) =>
    Effect.map(
      simulator.received(Opcode.RequestSoundboardSounds),
      (all) => all.map(({ d }) => JSON.stringify(d).replace(/\D/g, ""))
    )
)

/** Returns the order in which the gateway accepted the shard and received the command. */
const established = Effect.map(
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.log),
  (log) =>
    log.flatMap((entry) => {
      if (entry._tag === "Sent" && (entry.t === "READY" || entry.t === "RESUMED")) {
        return [entry.t]
      }
      return entry._tag === "Received" && entry.op === Opcode.RequestSoundboardSounds ? ["command"] : []
    })
)

describe("identifying", () => {
  it.scoped("is spaced 5 s apart for each bucket across shards", () =>
    Effect.gen(function*() {
      yield* startShards(5)
      yield* TestClock.adjust("1 minute")
      // The order in which a clock wakes two timers of the same time is not defined.
      const identified = (yield* entries("Identified")).map(({ at, shard }) => [shard ?? -1, at] as const)
        .sort(([a], [b]) => a - b)
      assert.deepStrictEqual(identified, [[0, 0], [1, 0], [2, 5_000], [3, 5_000], [4, 10_000]])
      assert.deepStrictEqual(yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.violations), [])
    }).pipe(Effect.provide(layer({ maxConcurrency: 2, simulator: { maxConcurrency: 2 } }))))

  it.scoped("says what the config says, and the token nowhere else", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const [identify] = yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.received(Opcode.Identify))
      assert.deepStrictEqual(identify?.d, {
        token: "<redacted>",
        intents: shard.config.intents,
        properties: { os: "plan9", browser: "vesper", device: "vesper" },
        large_threshold: 250,
        shard: [0, 1],
        presence: { since: null, afk: false, status: "idle", activities: [{ name: "tests", type: 0 }] }
      })
    }).pipe(Effect.provide(layer({
      config: {
        identifyProperties: { os: "plan9" },
        largeThreshold: 250,
        presence: { since: null, afk: false, status: "idle", activities: [{ name: "tests", type: 0 }] }
      }
    }))))
})

describe("commands", () => {
  it.scoped("given before READY go out after it, in order", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const senders = yield* Effect.forEach(["1", "2", "3"], (id) =>
        Effect.flatMap(sounds(id), (command) => Effect.fork(shard.command(command))))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* idsReceived, [], "the hello has not come yet")
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(senders)
      assert.deepStrictEqual(yield* idsReceived, ["1", "2", "3"])
    }).pipe(Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("go out at once whenever they are given, also after a time without any", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      for (const id of ["1", "2", "3"]) {
        const sender = yield* Effect.fork(Effect.flatMap(sounds(id), shard.command))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(sender)
      }
      assert.deepStrictEqual(yield* idsReceived, ["1", "2", "3"])
    }).pipe(Effect.provide(layer())))

  it.scoped("given while the shard is disconnected go out after the resume", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const ready = yield* Effect.fork(awaitReady(shard))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ready)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 2, status: 503 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(50)
      const sender = yield* Effect.fork(Effect.flatMap(sounds("1"), shard.sender.command))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(sender)
      assert.deepStrictEqual(yield* established, ["READY", "RESUMED", "command"])
      // RESUMED is in transit for 50 ms: sending it is not enough.
      const [resumed] = yield* entries("Resumed")
      assert.deepStrictEqual(yield* timesReceived(Opcode.RequestSoundboardSounds), [(resumed?.at ?? 0) + 50])
    }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("that wait when the connection drops go out after the resume, in order", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const senders = yield* Effect.forEach(Array.from({ length: 118 }, (_, i) => `${i}`), (id) =>
        Effect.flatMap(sounds(id), (command) => Effect.fork(shard.command(command))))
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* idsReceived).length, 116)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(senders)
      assert.deepStrictEqual(
        yield* idsReceived,
        Array.from({ length: 118 }, (_, i) =>
          `${i}`)
      )
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("given while the shard is disconnected go out after the next identify, if the session is lost", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.RejectResume({ host: "any", times: 1, resumable: false }))
      yield* inject(Fault.Drop())
      const sender = yield* Effect.fork(Effect.flatMap(sounds("1"), shard.sender.command))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(sender)
      assert.deepStrictEqual(yield* established, ["READY", "READY", "command"])
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("beyond the limit wait until a place is free, and heartbeats do not", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* nameGuilds("1")
      const shard = yield* startShard
      yield* awaitReady(shard)
      const command = yield* sounds("1")
      yield* TestClock.adjust("1 second")
      const senders = yield* Effect.forEach(
        Array.from({ length: 121 }),
        () => Effect.fork(shard.command(command))
      )
      yield* TestClock.adjust(0)
      // The identify used one of 117 at 0 s, until 61 s.
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 116)
      assert.deepStrictEqual(Option.map(yield* shard.rateLimiter, ({ available }) => available), Option.some(0))
      yield* TestClock.adjust(59_999)
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 116)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 117)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 121)
      yield* Fiber.joinAll(senders)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [20_625, 61_875])
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("have a limit for each connection, not for all shards together", () =>
    Effect.gen(function*() {
      const shards = yield* startShards(2)
      yield* TestClock.adjust("5 seconds")
      const command = yield* sounds("1")
      yield* Effect.forEach(shards, (shard) =>
        Effect.forEach(Array.from({ length: 100 }), () => Effect.fork(shard.command(command))))
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 200)
    }).pipe(Effect.provide(layer())))

  it.scoped("are not limited if the config says so", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* nameGuilds("1")
      const shard = yield* startShard
      yield* awaitReady(shard)
      const command = yield* sounds("1")
      yield* Effect.forEach(Array.from({ length: 120 }), () => Effect.fork(shard.command(command)))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual((yield* simulator.violations).map(({ rule }) => rule), ["RateLimited"])
      assert.deepStrictEqual(yield* shard.rateLimiter, Option.none())
    }).pipe(withChance(0.5), Effect.provide(layer({ config: { rateLimitCommands: false } }))))

  it.scoped("are taken back when their fiber is interrupted before they were written", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const sender = yield* Effect.fork(Effect.flatMap(sounds("1"), shard.command))
      yield* Effect.fork(Effect.flatMap(sounds("2"), shard.command))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(sender)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* idsReceived, ["2"])
    }).pipe(Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("that did not come from a constructor, and that Discord would refuse, are refused", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const both = {
        op: Opcode.RequestGuildMembers,
        d: { guild_id: "1", query: "", limit: 0, user_ids: ["2"] }
      } as const
      const error = yield* Effect.flip(shard.command(both))
      assert.strictEqual(error.reason, "Serializing")
      assert.include(error.message, "give exactly one of them")
    }).pipe(Effect.provide(layer())))

  const ids = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}`)
  const refused = [
    ["101 user ids", { guild_id: "1", user_ids: ids(101) }, "has 101 ids"],
    ["a nonce of 33 bytes", { guild_id: "1", user_ids: ["2"], nonce: "x".repeat(33) }, "has 33 bytes"]
  ] as const
  for (const [what, d, problem] of refused) {
    it.scoped(`for members with ${what} fail with a SendError, and are not sent`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        const error = yield* Effect.flip(shard.command({ op: Opcode.RequestGuildMembers, d }))
        assert.deepStrictEqual([error._tag, error.reason], ["SendError", "Serializing"])
        assert.include(error.message, problem)
        yield* shard.command({ op: Opcode.RequestGuildMembers, d: { guild_id: "1", user_ids: ids(100) } })
        assert.strictEqual((yield* timesReceived(Opcode.RequestGuildMembers)).length, 1)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("longer than 4096 bytes are refused, and so is what is no JSON", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const text = (bytes: number) => `{"op":3,"d":"${"é".repeat((bytes - 15) / 2)}x"}`
      assert.strictEqual(Buffer.byteLength(text(4_096)), 4_096)
      const tooLarge = yield* Effect.flip(shard.send(text(4_098)))
      assert.strictEqual(tooLarge.reason, "TooLarge")
      assert.include(tooLarge.message, "4098 bytes")
      assert.strictEqual((yield* Effect.flip(shard.send("{\"op\":"))).reason, "Serializing")
      yield* awaitReady(shard)
      yield* shard.send(text(4_096))
      assert.deepStrictEqual(yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.violations), [])
    }).pipe(Effect.provide(layer())))

  it.scoped("tell apart what cannot be written as JSON from what cannot be sent, on a handle that knows its end", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const { sender } = shard
      yield* awaitReady(shard)
      assert.isFalse(yield* sender.isClosed)
      assert.strictEqual((yield* Effect.flip(sender.send("{"))).reason, "Serializing")
      const waiting = yield* Effect.fork(Effect.flip(Effect.zipRight(
        inject(Fault.Drop()),
        Effect.flatMap(sounds("1"), sender.command)
      )))
      yield* Effect.yieldNow()
      yield* sender.close(CloseFrame.RESUME)
      assert.isTrue(yield* sender.isClosed)
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error.reason, "Sending")
      assert.include(error.message, "closed by this program")
      assert.strictEqual((yield* Effect.flip(sender.send("{}"))).reason, "Sending")
    }).pipe(Effect.provide(layer())))
})
