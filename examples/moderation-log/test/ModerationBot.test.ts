import { assert, describe, it } from "@effect/vitest"
import { IdentifyQueue, SessionStore, Shard, ShardConfig } from "@vesper/gateway"
import { Opcode, ShardId } from "@vesper/model"
import { Builder, Expect, GatewaySimulator, LogEntry } from "@vesper/testing"
import { ConfigProvider, Effect, Fiber, Layer, Queue } from "effect"
import type { Entry } from "../src/Entry.js"
import * as ModerationBot from "../src/ModerationBot.js"
import * as ModerationLog from "../src/ModerationLog.js"
import * as RecentMessages from "../src/RecentMessages.js"

const recent = RecentMessages.layer({ capacity: 2 })

const inQueue = (entries: Queue.Enqueue<Entry>) =>
  Layer.succeed(ModerationLog.ModerationLog, { append: (entry) => Queue.offer(entries, entry) })

/** The bot on a simulated gateway, with its entries in a queue. */
const start = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const entries = yield* Queue.unbounded<Entry>()
  yield* Effect.forkScoped(Effect.provide(ModerationBot.run, [recent, inQueue(entries)]))
  yield* Expect.expectCommand(simulator, Opcode.Identify)
  return { entries, simulator }
})

const layer = GatewaySimulator.layerShard(ModerationBot.config)

const guild_id = "9"
const user = { id: "5", username: "spammer" }

describe("the moderation log", () => {
  it.scoped("tells who wrote what was deleted, as it was last", () =>
    Effect.gen(function*() {
      const { entries, simulator } = yield* start
      yield* simulator.dispatch(Builder.message({ id: "1", guild_id, author: user, content: "buy my coins" }))
      yield* simulator.dispatch(
        Builder.event("MESSAGE_UPDATE", { id: "1", guild_id, author: user, content: "buy my cars" })
      )
      yield* simulator.dispatch(Builder.event("MESSAGE_DELETE", { id: "1", guild_id }))
      assert.deepInclude(yield* Queue.take(entries), {
        id: "deleted:1",
        guild: guild_id,
        what: "message deleted",
        who: { id: "5", name: "spammer" },
        detail: "buy my cars"
      })
    }).pipe(Effect.provide(layer)))

  it.scoped("says so when it does not know the text any more", () =>
    Effect.gen(function*() {
      const { entries, simulator } = yield* start
      for (const id of ["1", "2", "3"]) {
        yield* simulator.dispatch(Builder.message({ id, guild_id, content: `message ${id}` }))
      }
      for (const id of ["1", "3"]) {
        yield* simulator.dispatch(Builder.event("MESSAGE_DELETE", { id, guild_id }))
      }
      const details = Array.from(yield* Queue.takeN(entries, 2), ({ detail }) => detail)
      // Two are remembered, so the first of three is forgotten.
      assert.deepStrictEqual(details, ["what it said is not known", "message 3"])
    }).pipe(Effect.provide(layer)))

  it.scoped("has purges, kicks and bans, and nothing of direct messages", () =>
    Effect.gen(function*() {
      const { entries, simulator } = yield* start
      for (
        const event of [
          Builder.event("MESSAGE_DELETE", { id: "1", guild_id: undefined }),
          Builder.event("MESSAGE_DELETE_BULK", { ids: ["1", "2"], channel_id: "3", guild_id }),
          Builder.event("GUILD_AUDIT_LOG_ENTRY_CREATE", { action_type: 20, guild_id, target_id: "5", user_id: "6" }),
          Builder.event("GUILD_AUDIT_LOG_ENTRY_CREATE", { action_type: 1, guild_id }),
          Builder.event("GUILD_BAN_ADD", { guild_id, user }),
          Builder.event("GUILD_BAN_REMOVE", { guild_id, user })
        ]
      ) {
        yield* simulator.dispatch(event)
      }
      const all = Array.from(yield* Queue.takeN(entries, 4), ({ what, who }) => [what, who?.id])
      assert.deepStrictEqual(all, [
        ["messages purged", undefined],
        ["member kicked", "5"],
        ["member banned", "5"],
        ["ban lifted", "5"]
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("gets an event again that could not be written down, in the process that resumes", () => {
    const diskIsFull = Layer.succeed(ModerationLog.ModerationLog, {
      append: () => Effect.fail(new ModerationLog.AppendError({ cause: new Error("ENOSPC") }))
    })
    // Every process has a shard of its own; the gateway and the session store outlive them.
    const shard = Layer.fresh(Shard.layer(ShardId.single)).pipe(
      Layer.provide(ShardConfig.layerConfig(ModerationBot.config)),
      Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 1 }))
    )
    return Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const first = yield* Effect.fork(Effect.provide(ModerationBot.run, [shard, recent, diskIsFull]))
      yield* Expect.expectCommand(simulator, Opcode.Identify)
      yield* simulator.dispatch(Builder.event("GUILD_BAN_ADD", { guild_id, user }))
      const error = yield* Effect.flip(Fiber.join(first))
      assert.match(error.message, /ENOSPC.*start the bot again/)

      const entries = yield* Queue.unbounded<Entry>()
      yield* Effect.forkScoped(Effect.provide(ModerationBot.run, [shard, recent, inQueue(entries)]))
      assert.strictEqual((yield* Queue.take(entries)).what, "member banned")
      yield* simulator.awaitLog(LogEntry.is("Resumed"))
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(
      Effect.provide([GatewaySimulator.layerInMemory(), SessionStore.layerMemory]),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "any-token"]])))
    )
  })
})
