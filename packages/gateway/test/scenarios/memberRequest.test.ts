import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type * as Shard from "../../src/Shard.js"
import { awaitReady, entries, inject, layer, startShard, timesReceived, withChance } from "../harness.js"

// 2,500 with the bot.
const world = World.make({ seed: 5, guilds: 1, membersPerGuild: 2_499 })
const guild = Option.getOrThrow(Option.fromNullable(world.guilds[0]))
const users = guild.members.map(({ user }) => user.id)
const all = { guild_id: guild.id, query: "", limit: 0 }
const big = layer({ simulator: { world }, config: { intents: Intents.all } })
/** A gateway without guilds, which answers nothing: the tests answer. */
const silent = layer({ config: { intents: Intents.all, events: ["MESSAGE_CREATE"] } })

const connected = Effect.tap(startShard, () => TestClock.adjust(0))

/** Makes a chunk without members that answers the last request. */
const answer = (index: number, count: number, over: Readonly<Record<string, unknown>> = {}) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    yield* simulator.dispatch({
      t: "GUILD_MEMBERS_CHUNK",
      d: { guild_id: "1", members: [], chunk_index: index, chunk_count: count, nonce: yield* lastNonce, ...over }
    })
    yield* TestClock.adjust(0)
  })

const RequestBody = Schema.Struct({
  nonce: Schema.String,
  user_ids: Schema.optional(Schema.Array(Schema.String))
})
const requests = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) =>
    Effect.map(
      simulator.received(Opcode.RequestGuildMembers),
      (received) => received.map(({ d }) => Schema.decodeUnknownSync(RequestBody)(d))
    )
)
const lastNonce = Effect.map(requests, (received) => received.at(-1)?.nonce)

describe("requestGuildMembers", () => {
  it.scoped("gives the chunks of all members, which nobody else misses", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const chunks = yield* Effect.fork(Stream.runCollect(shard.requestGuildMembers(all)))
      const read = yield* Effect.fork(Stream.runCollect(Stream.take(shard.events, 4)))
      yield* TestClock.adjust(0)
      const given = Chunk.toReadonlyArray(yield* Fiber.join(chunks))
      assert.deepStrictEqual(given.map(({ chunk_index, members }) => [chunk_index, members.length]), [
        [0, 1_000],
        [1, 1_000],
        [2, 500]
      ])
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(read)).map(({ t }) => t), [
        "GUILD_CREATE",
        ...Array<string>(3).fill("GUILD_MEMBERS_CHUNK")
      ])
    }).pipe(Effect.provide(big)))

  it.scoped("needs no event in the config, and puts none into the buffer", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const members = yield* Effect.fork(shard.collectGuildMembers(all))
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* Fiber.join(members)).members.length, 2_500)
      const next = yield* Effect.fork(shard.nextEvent)
      yield* TestClock.adjust("1 second")
      assert.isNull(next.unsafePoll())
    }).pipe(Effect.provide(layer({
      simulator: { world },
      config: { intents: Intents.all, events: ["MESSAGE_CREATE"] }
    }))))

  it.scoped("splits more than a hundred ids, asks for each once, and knows who is no member", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const asked = [...users.slice(0, 249), "42", users[0] ?? ""]
      const found = yield* shard.collectGuildMembers({ guild_id: guild.id, user_ids: asked, presences: true })
      assert.deepStrictEqual((yield* requests).map(({ user_ids }) => user_ids?.length), [100, 100, 50])
      assert.deepStrictEqual(found.members.map(({ user }) => user.id), users.slice(0, 249))
      assert.deepStrictEqual(found.notFound, ["42"])
      assert.deepStrictEqual(
        found.presences.map(({ user }) => user.id).sort(),
        guild.presences.map(({ user }) => user.id).filter((id) => users.indexOf(id) < 249).sort()
      )
      assert.strictEqual(new Set((yield* requests).map(({ nonce }) => nonce)).size, 3)
      assert.deepStrictEqual((yield* shard.collectGuildMembers({ guild_id: guild.id, user_ids: [] })).members, [])
      assert.strictEqual((yield* requests).length, 3, "nobody is asked for nobody")
    }).pipe(Effect.provide(big)))

  it.scoped("waits while Discord limits it, then asks again", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* shard.collectGuildMembers(all)
      yield* TestClock.adjust("10 seconds")
      const second = yield* Effect.fork(shard.collectGuildMembers(all, { idleTimeout: "1 second" }))
      yield* TestClock.adjust("19999 millis")
      assert.isNull(second.unsafePoll())
      assert.deepStrictEqual(yield* timesReceived(Opcode.RequestGuildMembers), [0, 10_000])
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(second)).members.length, 2_500)
      assert.deepStrictEqual(yield* timesReceived(Opcode.RequestGuildMembers), [0, 10_000, 30_000])
    }).pipe(withChance(0.9), Effect.provide(big)))

  const limited = (over: Readonly<Record<string, unknown>> = {}) =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const meta = { guild_id: "1", nonce: yield* lastNonce }
      yield* simulator.dispatch({ t: "RATE_LIMITED", d: { opcode: 8, retry_after: 30, meta, ...over } })
      yield* TestClock.adjust(0)
    })

  const waits = [
    [30, 30_000],
    ["29.5", 29_500],
    [1, 1_000],
    [0.001, 1_000],
    [0, 1_000],
    [-5, 1_000],
    [null, 30_000],
    [undefined, 30_000],
    ["soon", 30_000]
  ] as const
  for (const [retryAfter, millis] of waits) {
    it.scoped(`limited for ${JSON.stringify(retryAfter)} s waits ${millis} ms, and fails after ten times`, () =>
      Effect.gen(function*() {
        const shard = yield* connected
        const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
        yield* TestClock.adjust(0)
        for (let i = 0; i < 10; i++) {
          assert.strictEqual((yield* requests).length, i + 1)
          yield* limited({ retry_after: retryAfter })
          yield* TestClock.adjust(millis)
        }
        const error = yield* Fiber.join(result)
        assert.strictEqual(error.reason, "RateLimited")
        assert.deepStrictEqual(
          yield* timesReceived(Opcode.RequestGuildMembers),
          Array.from({ length: 10 }, (_, i) => i * millis)
        )
      }).pipe(withChance(0.9), Effect.provide(silent)))
  }

  it.scoped("fails at once if Discord would limit it for more than five minutes in all, and says for how long", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust(0)
      yield* limited({ retry_after: 200 })
      yield* TestClock.adjust("200 seconds")
      yield* limited({ retry_after: 101 })
      const error = yield* Fiber.join(result)
      assert.strictEqual(error.reason, "RateLimited")
      assert.include(error.message, "1m 41s, after 3m 20s of waiting")
    }).pipe(withChance(0.9), Effect.provide(silent)))

  const ends = [
    ["closed by the program", (shard: Shard.Shard) => shard.close(CloseFrame.RESUME)],
    ["closed by the gateway permanently", () => inject(Fault.Close({ code: 4014, reason: "" }))]
  ] as const
  for (const [what, end] of ends) {
    it.scoped(`ends while it waits for a limit, at the time at which the shard is ${what}`, () =>
      Effect.gen(function*() {
        const shard = yield* connected
        const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
        yield* TestClock.adjust(0)
        yield* limited({ retry_after: 200 })
        yield* end(shard)
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* Fiber.join(result)).reason, "Sending")
      }).pipe(withChance(0.9), Effect.provide(silent)))
  }

  it.scoped("waits once for a limit that is announced twice", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* Effect.fork(shard.collectGuildMembers({ ...all, guild_id: "1" }))
      yield* TestClock.adjust(0)
      yield* Effect.repeatN(limited(), 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* timesReceived(Opcode.RequestGuildMembers), [0, 30_000])
    }).pipe(withChance(0.9), Effect.provide(silent)))

  const limits = [
    ["of its guild without a nonce", { meta: { guild_id: "1" } }, 2],
    ["of its guild with a nonce that is null", { meta: { guild_id: "1", nonce: null } }, 2],
    ["of another guild", { meta: { guild_id: "2" } }, 1],
    ["of another request", { meta: { guild_id: "1", nonce: "another" } }, 1],
    ["without meta", { meta: null }, 1],
    ["of another opcode", { opcode: 31 }, 1]
  ] as const
  for (const [what, over, times] of limits) {
    it.scoped(`${times === 1 ? "ignores" : "waits for"} a limit ${what}`, () =>
      Effect.gen(function*() {
        const shard = yield* connected
        yield* Effect.fork(shard.collectGuildMembers({ ...all, guild_id: "1" }))
        yield* TestClock.adjust(0)
        yield* limited(over)
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* requests).length, times)
      }).pipe(withChance(0.9), Effect.provide(silent)))
  }

  it.scoped("tells its own chunks from others, in any order, and each once", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const chunks = yield* Effect.fork(Stream.runCollect(shard.requestGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust(0)
      yield* answer(0, 1, { nonce: "another" })
      yield* answer(0, 1, { nonce: undefined })
      for (const index of [2, 0, 2]) {
        yield* answer(index, 3)
      }
      assert.isNull(chunks.unsafePoll())
      yield* answer(1, 3)
      const given = Chunk.toReadonlyArray(yield* Fiber.join(chunks))
      assert.deepStrictEqual(given.map(({ chunk_index }) => chunk_index), [2, 0, 1])
    }).pipe(Effect.provide(silent)))

  it.scoped("fails when nothing comes for the idle timeout, counted from the last chunk", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust("29 seconds")
      yield* answer(0, 2)
      yield* TestClock.adjust("29999 millis")
      assert.isNull(result.unsafePoll())
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(result)
      assert.deepStrictEqual([error._tag, error.reason], ["NoAnswerError", "TimedOut"])
      assert.include(error.message, "no answer was received for 30s")
    }).pipe(withChance(0.9), Effect.provide(silent)))

  it.scoped("does not count the time without a connection, and takes what is replayed", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const members = yield* Effect.fork(shard.collectGuildMembers({ ...all, guild_id: "1" }))
      yield* TestClock.adjust("20 seconds")
      yield* inject(Fault.RefuseConnections({ host: "any", times: 5, status: 503 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("11 seconds")
      assert.isNull(members.unsafePoll())
      yield* answer(0, 1)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(members)
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(withChance(0.9), Effect.provide(silent)))

  it.scoped("asks the new session again if the old one ended before the first chunk, and fails after it", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const reidentify = Effect.zipRight(
        inject(Fault.InvalidSession({ resumable: false })),
        TestClock.adjust("6 seconds")
      )
      const first = yield* Effect.fork(shard.collectGuildMembers({ ...all, guild_id: "1" }))
      yield* TestClock.adjust(0)
      yield* reidentify
      assert.strictEqual((yield* requests).length, 2)
      yield* answer(0, 1)
      yield* Fiber.join(first)
      const second = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust(0)
      yield* answer(0, 2)
      yield* reidentify
      const error = yield* Fiber.join(second)
      assert.strictEqual(error.reason, "SessionEnded")
      assert.include(error.message, "1 of 2 chunks")
      assert.strictEqual((yield* requests).length, 3)
    }).pipe(withChance(0.9), Effect.provide(silent)))

  it.scoped("fails after ten sessions that ended before the first chunk", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const request = shard.collectGuildMembers({ ...all, guild_id: "1" }, { idleTimeout: "10 minutes" })
      const result = yield* Effect.fork(Effect.flip(request))
      yield* TestClock.adjust("2 minutes")
      yield* Effect.repeatN(
        Effect.zipRight(inject(Fault.InvalidSession({ resumable: false })), TestClock.adjust("2 minutes")),
        9
      )
      assert.strictEqual((yield* Fiber.join(result)).reason, "SessionEnded")
      assert.strictEqual((yield* requests).length, 10)
    }).pipe(withChance(0.9), Effect.provide(silent)))

  it.scoped("given before the shard is identified is sent once, after it", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const members = yield* Effect.fork(shard.collectGuildMembers(all))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(members)).members.length, 2_500)
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(layer({ simulator: { world, latency: 50 }, config: { intents: Intents.all } }))))

  it.scoped("is answered where there has never been a reader: what waits for one is dropped after drainTimeout", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* connected
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      const result = yield* Effect.fork(shard.collectGuildMembers({ ...all, guild_id: "1" }))
      yield* TestClock.adjust(0)
      yield* answer(0, 1)
      yield* TestClock.adjust("9999 millis")
      assert.isNull(result.unsafePoll())
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* Fiber.join(result)).members, [])
    }).pipe(withChance(0.9), Effect.provide(layer({ config: { intents: Intents.all, eventBufferSize: 2 } }))))

  it.scoped("is not answered while a reader reads nothing and its buffer is full, and says so", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* connected
      yield* shard.subscribe()
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust(0)
      yield* answer(0, 1)
      yield* TestClock.adjust("30 seconds")
      assert.include((yield* Fiber.join(result)).message, "the event buffer is full")
    }).pipe(withChance(0.9), Effect.provide(layer({ config: { intents: Intents.all, eventBufferSize: 2 } }))))

  it.scoped("ends with the shard", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const result = yield* Effect.fork(Effect.flip(shard.collectGuildMembers({ ...all, guild_id: "1" })))
      yield* TestClock.adjust(0)
      yield* shard.close(CloseFrame.RESUME)
      assert.deepStrictEqual((yield* Fiber.join(result)).reason, "Sending")
    }).pipe(Effect.provide(silent)))

  const refused = [
    ["all members without GuildMembers", all, "MissingIntent", "the intent GuildMembers"],
    ["five of all members without it", { ...all, limit: 5 }, "MissingIntent", "the intent GuildMembers"],
    [
      "an empty query without a limit or the intent",
      { guild_id: guild.id, query: "" },
      "MissingIntent",
      "the intent GuildMembers"
    ],
    [
      "presences without GuildPresences",
      { guild_id: guild.id, user_ids: users[0] ?? "", presences: true },
      "MissingIntent",
      "the intent GuildPresences"
    ],
    ["by name and by id", { ...all, query: "a", user_ids: ["1"] }, "Serializing", "give exactly one of them"],
    ["by name and by no id at all", { ...all, query: "a", user_ids: [] }, "Serializing", "give exactly one of them"],
    ["a guild that is no id", { ...all, query: "a", guild_id: "x" }, "Serializing", "must be a snowflake"]
  ] as const
  for (const [what, request, reason, message] of refused) {
    it.scoped(`refuses ${what}, and sends nothing`, () =>
      Effect.gen(function*() {
        const shard = yield* connected
        const error = yield* Effect.flip(shard.collectGuildMembers(request))
        assert.strictEqual(error.reason, reason)
        assert.include(error.message, message)
        assert.deepStrictEqual(yield* requests, [])
      }).pipe(Effect.provide(layer({ simulator: { world } }))))
  }

  it.scoped("needs no intent for a query that is not empty, nor for ids", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* shard.collectGuildMembers({ guild_id: guild.id, query: "a", limit: 0 })
      yield* shard.collectGuildMembers({ guild_id: guild.id, user_ids: users.slice(0, 2) })
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(layer({ simulator: { world } }))))
})
