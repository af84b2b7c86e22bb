import { assert, describe, it } from "@effect/vitest"
import { Builder, Expect, Fault, GatewaySimulator, LogEntry } from "@vesper/testing"
import { Effect, Layer, Queue, TestClock } from "effect"
import { Opcode } from "@vesper/model"
import { Messages } from "../src/Messages.js"
import * as PingBot from "../src/PingBot.js"

interface Sent {
  readonly channelId: string
  readonly content: string
}

/** The bot on a simulated gateway, with its replies in a queue. */
const start = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const sent = yield* Queue.unbounded<Sent>()
  const messages = Layer.succeed(Messages, {
    send: (channelId, content) => Queue.offer(sent, { channelId, content })
  })
  yield* Effect.forkScoped(Effect.provide(PingBot.run, messages))
  return { simulator, sent }
})

const connected = Effect.tap(start, ({ simulator }) => Expect.expectCommand(simulator, Opcode.Identify))

const layer = GatewaySimulator.layerShard(PingBot.config)

describe("the ping bot", () => {
  it.scoped("answers where it was asked", () =>
    Effect.gen(function*() {
      const { sent, simulator } = yield* connected
      yield* simulator.dispatch(Builder.message({ content: "!ping", channel_id: "42" }))
      assert.deepStrictEqual(yield* Queue.take(sent), { channelId: "42", content: "pong" })
    }).pipe(Effect.provide(layer)))

  it.scoped("says how long the last heartbeat took", () =>
    Effect.gen(function*() {
      const { sent, simulator } = yield* start
      yield* TestClock.adjust("1 minute")
      yield* simulator.dispatch(Builder.message({ content: "!ping" }))
      yield* TestClock.adjust("15 millis")
      assert.strictEqual((yield* Queue.take(sent)).content, "pong, 15 ms")
    }).pipe(Effect.provide(GatewaySimulator.layerShard(PingBot.config, { latency: "15 millis" }))))

  it.scoped("is silent to bots, and to everything else that is said", () =>
    Effect.gen(function*() {
      const { sent, simulator } = yield* connected
      yield* simulator.dispatch(Builder.message({ content: "!ping", author: { bot: true } }))
      yield* simulator.dispatch(Builder.message({ content: "what does !ping do?" }))
      yield* simulator.dispatch(Builder.message({ content: "!ping", channel_id: "the last" }))
      // Only the last message has a reply, and no reply precedes it.
      assert.strictEqual((yield* Queue.take(sent)).channelId, "the last")
    }).pipe(Effect.provide(layer)))

  it.scoped("answers what was said while it had no connection", () =>
    Effect.gen(function*() {
      const { sent, simulator } = yield* connected
      yield* simulator.inject(Fault.Drop())
      yield* simulator.dispatch(Builder.message({ content: "!ping", channel_id: "7" }))
      yield* simulator.awaitLog(LogEntry.is("Resumed"))
      assert.strictEqual((yield* Queue.take(sent)).channelId, "7")
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))
})
