import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import {
  awaitReady,
  entries,
  inject,
  isHeartbeat,
  layer,
  nameGuilds,
  startShard,
  timesReceived,
  withChance,
  type Write
} from "../harness.js"

const request = Either.getOrThrow(Command.requestGuildMembers({ guild_id: "1", query: "a", limit: 1 }))

/** The maximum number of messages that the gateway received from one connection in 60 seconds. */
const busiestMinute = Effect.map(entries("Received"), (received) => {
  const times = received.map(({ at }) => at)
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length))
})

describe("a short heartbeat interval", () => {
  for (const interval of [100, 250, 400, 555, 600, 1_000, 2_500, 6_000]) {
    it.scoped(`of ${interval} ms keeps the connection within 120 messages a minute, however many commands wait`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* Effect.replicateEffect(Effect.forkScoped(shard.command(request)), 150, { discard: true })
        yield* TestClock.adjust("130 seconds")
        assert.isAtMost(yield* busiestMinute, 120)
        assert.isAbove((yield* timesReceived(Opcode.RequestGuildMembers)).length, 3 * 9)
        assert.deepStrictEqual(yield* entries("Closed"), [])
        if (interval >= 555) {
          // Heartbeats are sent in time.
          assert.strictEqual((yield* timesReceived(Opcode.Heartbeat)).length, Math.floor(130_000 / interval + 0.5))
        }
      }).pipe(
        withChance(0.5),
        Effect.provide(layer({
          config: { commandQueueSize: 600 },
          simulator: { heartbeatInterval: interval, heartbeatTolerance: "1 minute" }
        }))
      ))
  }

  for (const interval of [1, 99, 3_600_001]) {
    it.scoped(`of ${interval} ms is a protocol error if it is not between 100 ms and an hour`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        const failure = yield* shard.diagnostics.pipe(
          Stream.filterMap((one) => one._tag === "Failure" ? Option.some(one.error.message) : Option.none()),
          Stream.runHead,
          Effect.fork
        )
        yield* TestClock.adjust(0)
        assert.include(Option.getOrThrow(yield* failure), "between 100 ms and 1 hour")
        assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [])
        assert.isAtLeast((yield* entries("Closed")).length, 1)
      }).pipe(Effect.provide(layer({ simulator: { heartbeatInterval: interval } }))))
  }
})

/** A socket whose heartbeats are written by `onWrite`. */
const withHeartbeats = (onWrite: (...args: [...message: Parameters<Write>, write: Write]) => void) =>
  Layer.effect(
    GatewaySocket.GatewaySocket,
    Effect.map(GatewaySocket.GatewaySocket, ({ open }) =>
      GatewaySocket.make((url, handlers) =>
        Effect.map(open(url, handlers), (connection) => ({
          ...connection,
          unsafeWrite: (text, onWritten) =>
            isHeartbeat(text)
              ? onWrite(text, onWritten, connection.unsafeWrite)
              : connection.unsafeWrite(text, onWritten)
        }))
      ))
  )

const askOften = Effect.replicateEffect(inject(Fault.RequestHeartbeat()), 200, { discard: true })

describe("a gateway that asks for heartbeats all the time", () => {
  it.scoped("has one heartbeat in the socket while it reads none", () => {
    let written = 0
    return Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* askOften
      yield* TestClock.adjust("1 second")
      assert.strictEqual(written, 1)
    }).pipe(
      withChance(0.5),
      Effect.provide(Layer.provideMerge(withHeartbeats(() => written++), layer()))
    )
  })

  it.scoped("has another once that one is written", () => {
    const waiting: Array<() => void> = []
    return Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* askOften
      yield* TestClock.adjust("1 second")
      waiting.splice(0).forEach((write) => write())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(waiting.length, 1)
      waiting.splice(0).forEach((write) => write())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(waiting.length, 0)
    }).pipe(
      withChance(0.5),
      Effect.provide(Layer.provideMerge(
        withHeartbeats((text, onWritten, write) => waiting.push(() => write(text, onWritten))),
        layer()
      ))
    )
  })

  it.scoped("receives no more than 110 in a minute, and a command is sent all the same", () =>
    Effect.gen(function*() {
      yield* nameGuilds("1")
      const shard = yield* startShard
      yield* awaitReady(shard)
      const asking = Effect.zipRight(askOften, TestClock.adjust("1 second"))
      yield* Effect.repeatN(asking, 29)
      yield* shard.command(request)
      yield* Effect.repeatN(asking, 19)
      const [requested = NaN] = yield* timesReceived(Opcode.RequestGuildMembers)
      assert.isAtMost(requested, 31_000)
      assert.isAtMost(yield* busiestMinute, 113)
      assert.deepStrictEqual((yield* entries("Violation")).map(({ rule }) => rule), [])
      assert.deepStrictEqual(yield* entries("Closed"), [])
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("and closes has no heartbeat afterwards", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* Effect.repeatN(askOften, 1)
      yield* inject(Fault.Close({ code: 4000, reason: "" }))
      yield* TestClock.adjust("10 seconds")
      const beats = (yield* entries("Received")).filter(({ op }) => op === Opcode.Heartbeat)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* timesReceived(Opcode.Heartbeat)).length, beats.length)
      assert.isTrue(beats.every(({ connection }) => connection === 1))
    }).pipe(withChance(0.999), Effect.provide(layer())))
})
