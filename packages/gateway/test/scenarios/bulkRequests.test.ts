import { assert, describe, it } from "@effect/vitest"
import type * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type * as Shard from "../../src/Shard.js"
import { awaitReady, inject, layer, nameGuilds, startShard, timesReceived, withChance } from "../harness.js"

const members = (guild_id: string): Command.Command => ({
  op: Opcode.RequestGuildMembers,
  d: { guild_id, query: "a", limit: 1 }
})
const channelInfo = (guild_id: string): Command.Command => ({
  op: Opcode.RequestChannelInfo,
  d: { guild_id, fields: ["status"] }
})
const voice: Command.Command = {
  op: Opcode.VoiceStateUpdate,
  d: { guild_id: "7", channel_id: "8", self_mute: false, self_deaf: false }
}
const presence: Command.Command = {
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "idle", activities: [] }
}
const sounds: Command.Command = { op: Opcode.RequestSoundboardSounds, d: { guild_ids: ["7"] } }

const forkAll = (
  commands: ReadonlyArray<Command.Command>,
  send: (command: Command.Command) => Effect.Effect<void, unknown>
) => Effect.forEach(commands, (command) => Effect.fork(send(command)))

const repeated = (count: number, make: (guild: string) => Command.Command) =>
  Array.from({ length: count }, (_, i) => make(`${100 + i}`))

const violations = Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.violations)

const ways = [
  ["command", (shard: Shard.Shard) => shard.command],
  ["send", (shard: Shard.Shard) => (command: Command.Command) => shard.send(JSON.stringify(command))]
] as const

const requests = [["member requests", members], ["channel info requests", channelInfo]] as const

describe("bulk requests", () => {
  for (const [name, waySend] of ways) {
    for (const [what, make] of requests) {
      it.scoped(`given by ${name}: 500 ${what} let a voice state, a presence and others go out at once`, () =>
        Effect.gen(function*() {
          const shard = yield* startShard
          yield* awaitReady(shard)
          yield* forkAll(repeated(500, make), waySend(shard))
          yield* TestClock.adjust("2 seconds")
          const others = yield* forkAll([voice, presence, sounds], waySend(shard))
          yield* TestClock.adjust(0)
          yield* Fiber.joinAll(others)
          const times = yield* Effect.forEach(
            [Opcode.VoiceStateUpdate, Opcode.PresenceUpdate, Opcode.RequestSoundboardSounds],
            timesReceived
          )
          assert.deepStrictEqual(times, [[2_000], [2_000], [2_000]])
        }).pipe(withChance(0.9), Effect.provide(layer())))
    }
  }

  it.scoped("that wait for the connection let the others out first, also from a full queue", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const senders = yield* forkAll([...repeated(50, members), voice, presence, sounds], shard.command)
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(senders)
      const received = yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.log)
      const ops = received.flatMap((entry) =>
        entry._tag === "Received" && entry.op !== Opcode.Identify && entry.op !== Opcode.Heartbeat ? [entry.op] : []
      )
      assert.deepStrictEqual(ops.slice(0, 4), [4, 3, 31, 8])
    }).pipe(withChance(0.9), Effect.provide(layer({ config: { commandQueueSize: 2 }, simulator: { latency: 50 } }))))

  it.scoped("are sent a hundred a window, in order, each once, over a reconnect too", () =>
    Effect.gen(function*() {
      yield* nameGuilds(...Array.from({ length: 350 }, (_, i) => `${100 + i}`))
      const shard = yield* startShard
      yield* awaitReady(shard)
      const senders = yield* forkAll(repeated(350, members), shard.command)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* timesReceived(Opcode.RequestGuildMembers)).length, 100)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("4 minutes")
      yield* Fiber.joinAll(senders)
      const received = yield* Effect.flatMap(
        GatewaySimulator.GatewaySimulator,
        (_) => _.received(Opcode.RequestGuildMembers)
      )
      assert.deepStrictEqual(
        received.map(({ d }) => JSON.stringify(d)),
        repeated(350, members).map(({ d }) => JSON.stringify(d))
      )
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(withChance(0.9), Effect.provide(layer())))

  it.scoped("are not starved by others, which pass four at a time", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* forkAll([...repeated(300, () => sounds), ...repeated(20, members)], shard.command)
      yield* TestClock.adjust("1 second")
      // Of the 116 commands in the first window.
      assert.strictEqual((yield* timesReceived(Opcode.RequestGuildMembers)).length, 20)
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 96)
    }).pipe(withChance(0.9), Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("are not held to a hundred if the config says that commands are not limited", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* forkAll(repeated(110, members), shard.command)
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* timesReceived(Opcode.RequestGuildMembers)).length, 110)
    }).pipe(withChance(0.9), Effect.provide(layer({ config: { rateLimitCommands: false } }))))
})

describe("the limiter of a connection", () => {
  it.scoped("counts the IDENTIFY, and after a reconnect the RESUME", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const used = Effect.map(shard.rateLimiter, (limiter) => {
        assert.isTrue(limiter._tag === "Some")
        return limiter._tag === "Some" ? limiter.value.max - limiter.value.available : -1
      })
      assert.strictEqual(yield* used, 1)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* timesReceived(Opcode.Resume)).length, 1)
      assert.strictEqual(yield* used, 1)
    }).pipe(withChance(0.9), Effect.provide(layer())))

  it.scoped("leaves room for 116 of 117 commands after a RESUME", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("10 seconds")
      yield* forkAll(repeated(120, () => sounds), shard.command)
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 116)
    }).pipe(withChance(0.9), Effect.provide(layer())))
})
