import { assert, describe, it } from "@effect/vitest"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Fzstd from "fzstd"
import * as Zlib from "node:zlib"
import * as Fault from "../src/Fault.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as LogEntry from "../src/LogEntry.js"
import * as World from "../src/World.js"
import type { Payload } from "./client.js"
import { connect, identifyBody, settle, violations } from "./client.js"

const layer = (options: GatewaySimulator.Options = {}) =>
  GatewaySimulator.layerInMemory({ token: Redacted.make("token"), ...options })

type Needs = GatewaySimulator.GatewaySimulator | GatewaySocket.GatewaySocket | Scope.Scope

type Client = Effect.Effect.Success<ReturnType<typeof connect>>

const identified = Effect.tap(connect(), (client) => client.send(2, identifyBody()))

/** Violations of a client, and the close codes that follow. */
const punished: ReadonlyArray<
  readonly [
    what: string,
    code: number,
    act: (client: Client) => Effect.Effect<void, unknown, Needs>,
    options?: GatewaySimulator.Options
  ]
> = [
  ["a wrong token", 4004, (client) => client.send(2, identifyBody({ token: "wrong" }))],
  ["no token", 4004, (client) => client.send(2, identifyBody({ token: undefined }))],
  ["a shard outside of its total", 4010, (client) => client.send(2, identifyBody({ shard: [1, 1] }))],
  ["intents that do not exist", 4013, (client) => client.send(2, identifyBody({ intents: 2 ** 30 }))],
  ["intents that are no number", 4013, (client) => client.send(2, identifyBody({ intents: "all" }))],
  [
    "intents that are not allowed",
    4014,
    (client) => client.send(2, identifyBody({ intents: Intents.of("MessageContent") })),
    { allowedIntents: Intents.nonPrivileged }
  ],
  [
    "a shard with too many guilds",
    4011,
    (client) => client.send(2, identifyBody()),
    { world: World.make({ guilds: 3, membersPerGuild: 1 }), maxGuildsPerShard: 2 }
  ],
  [
    "a second identify",
    4005,
    (client) => Effect.zipRight(client.send(2, identifyBody()), client.send(2, identifyBody()))
  ],
  [
    "a resume on top of a session",
    4005,
    (client) => Effect.zipRight(client.send(2, identifyBody()), client.send(6, {}))
  ],
  ["text that is no JSON", 4002, (client) => client.write("{\"op\":")],
  ["JSON that is no object", 4002, (client) => client.write("[1]")],
  ["4097 bytes", 4002, (client) => client.write(`{"op":1,"d":"${"x".repeat(4097 - 15)}"}`)],
  ["an opcode that does not exist", 4001, (client) => client.send(5, null)],
  ["an opcode of the gateway's", 4001, (client) => client.send(10, null)],
  ["a payload without an opcode", 4001, (client) => client.write("{}")],
  ["a command before it has identified", 4003, (client) => client.send(3, {})],
  [
    "a sequence that was never sent",
    4007,
    (client) =>
      Effect.gen(function*() {
        yield* identified
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const [session] = yield* simulator.sessions
        yield* client.send(6, { token: "token", session_id: session?.id, seq: 99 })
      })
  ],
  [
    "121 messages in a minute",
    4008,
    (client) =>
      Effect.gen(function*() {
        for (let i = 0; i < 60; i++) {
          yield* client.send(1, null)
        }
        yield* TestClock.adjust("59 seconds")
        for (let i = 0; i < 60; i++) {
          yield* client.send(1, null)
        }
        assert.isFalse(client.isEnded())
        yield* client.send(1, null)
      })
  ]
]

describe("a client is punished for", () => {
  for (const [what, code, act, options] of punished) {
    it.scoped(`${what} with ${code}`, () =>
      Effect.gen(function*() {
        const client = yield* connect()
        yield* act(client)
        assert.strictEqual(client.closeCode(), code)
        assert.strictEqual((yield* violations).length, 1)
        assert.isTrue(Option.isSome(yield* Effect.option(Effect.flip(GatewaySocket.write(client.connection, "{}")))))
      }).pipe(Effect.provide(layer(options))))
  }

  it.scoped("the wrong version with 4012, at once", () =>
    Effect.gen(function*() {
      const client = yield* connect("?v=9&encoding=json")
      assert.strictEqual(client.closeCode(), 4012)
      assert.deepStrictEqual(client.frames, [])
    }).pipe(Effect.provide(layer())))

  it.scoped("a heartbeat that is missing for one and a half intervals, and not before", () =>
    Effect.gen(function*() {
      const client = yield* connect()
      yield* TestClock.adjust("30 seconds")
      yield* client.send(1, null)
      yield* TestClock.adjust(41_250 * 1.5 - 1)
      assert.isFalse(client.isEnded())
      yield* TestClock.adjust(1)
      assert.strictEqual(client.closeCode(), 4000)
      assert.deepStrictEqual(yield* violations, ["Heartbeat"])
    }).pipe(Effect.provide(layer())))

  it.scoped("an identify within 5 s of another in its bucket, with an invalid session", () =>
    Effect.gen(function*() {
      const identify = (id: number) =>
        Effect.tap(connect(), (client) => client.send(2, identifyBody({ shard: [id, 4] })))
      const answer = (client: Client) => client.received().slice(1).map(({ d, op, t }) => op === 9 ? [op, d] : [op, t])
      assert.deepStrictEqual(answer(yield* identify(0)), [[0, "READY"]])
      assert.deepStrictEqual(answer(yield* identify(1)), [[0, "READY"]])
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(answer(yield* identify(2)), [[9, false]])
      assert.deepStrictEqual(yield* violations, ["IdentifyRate"])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(answer(yield* identify(2)), [[0, "READY"]])
    }).pipe(Effect.provide(layer({ maxConcurrency: 2 }))))

  it.scoped("an identify too many in a day with the end of the token, for all connections", () =>
    Effect.gen(function*() {
      const first = yield* identified
      yield* TestClock.adjust("5 seconds")
      const second = yield* identified
      assert.strictEqual(first.closeCode(), 4004)
      assert.strictEqual(second.closeCode(), 4004)
      assert.include(yield* violations, "IdentifyBudget")
      yield* TestClock.adjust("25 hours")
      assert.strictEqual((yield* identified).closeCode(), 4004)
    }).pipe(Effect.provide(layer({ sessionStartLimit: { total: 1, remaining: 1, resetAfter: "24 hours" } }))))

  it.scoped("asking for a compression that it does not have, with a refused upgrade", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(connect("?v=10&encoding=json&compress=brotli-stream"))
      assert.strictEqual(error._tag, "OpenError")
      assert.deepStrictEqual(error.status, Option.some(400))
    }).pipe(Effect.provide(layer())))
})

describe("a client that keeps the rules", () => {
  it.scoped("is greeted, gets READY and its guilds, and its beats are acknowledged", () =>
    Effect.gen(function*() {
      const client = yield* identified
      yield* client.send(1, 3)
      const [hello, ready, ...rest] = client.received()
      assert.deepStrictEqual([hello?.op, ready?.t, ready?.s], [10, "READY", 1])
      assert.deepStrictEqual(rest.map(({ op, s, t }) => [op, t, s]), [
        [0, "GUILD_CREATE", 2],
        [0, "GUILD_CREATE", 3],
        [11, null, null]
      ])
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer({ world: World.make({ guilds: 2, membersPerGuild: 2 }) }))))

  it.scoped("gets only the events of its intents and of its shard", () =>
    Effect.gen(function*() {
      const { dispatch } = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect()
      yield* client.send(2, identifyBody({ intents: Intents.of("GuildMessages"), shard: [1, 2] }))
      const [ofShard0, ofShard1] = [String(2n << 22n), String(3n << 22n)]
      assert.strictEqual(yield* dispatch({ t: "MESSAGE_CREATE", d: {}, guildId: ofShard0 }), 0)
      assert.strictEqual(yield* dispatch({ t: "TYPING_START", d: {}, guildId: ofShard1 }), 0)
      assert.strictEqual(yield* dispatch({ t: "MESSAGE_CREATE", d: {} }), 0)
      assert.strictEqual(yield* dispatch({ t: "MESSAGE_CREATE", d: { a: 1 }, guildId: ofShard1 }), 1)
      assert.strictEqual(yield* dispatch({ t: "SOMETHING_NEW", d: {}, shard: 1 }), 1)
      yield* settle
      assert.deepStrictEqual(client.received().slice(2).map(({ s, t }) => [s, t]), [
        [2, "MESSAGE_CREATE"],
        [3, "SOMETHING_NEW"]
      ])
    }).pipe(Effect.provide(layer())))

  it.scoped("resumes with what it missed, and the older connection is closed", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const older = yield* identified
      for (const n of [1, 2, 3]) {
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { n } })
      }
      const [session] = yield* simulator.sessions
      const newer = yield* connect(undefined, "resume")
      yield* newer.send(6, { token: "token", session_id: session?.id, seq: 2 })
      assert.strictEqual(older.closeCode(), 4000)
      assert.deepStrictEqual(newer.received().slice(1).map(({ s, t }) => [s, t]), [
        [3, "MESSAGE_CREATE"],
        [4, "MESSAGE_CREATE"],
        [5, "RESUMED"]
      ])
    }).pipe(Effect.provide(layer())))

  it.scoped("cannot resume a session that it ended, or that was without a connection for too long", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const resume = Effect.gen(function*() {
        const [session] = yield* simulator.sessions
        const client = yield* connect()
        yield* client.send(6, { token: "token", session_id: session?.id ?? "none", seq: 1 })
        return client.received().slice(1).map(({ d, op, t }) => op === 9 ? d : t)
      })
      const first = yield* identified
      yield* first.connection.close({ code: 1000, reason: "" })
      assert.deepStrictEqual(yield* resume, [false])
      yield* TestClock.adjust("5 seconds")
      const second = yield* identified
      yield* second.connection.close({ code: 4000, reason: "" })
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* resume, ["RESUMED"])
      yield* simulator.inject(Fault.Drop())
      yield* TestClock.adjust(180_001)
      assert.deepStrictEqual(yield* resume, [false])
    }).pipe(Effect.provide(layer())))

  it.scoped("is told by GET /gateway/bot what it may still do", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* identified
      yield* TestClock.adjust("1 hour")
      const { session_start_limit: limit, shards } = yield* simulator.gatewayBot
      assert.strictEqual(shards, 1)
      assert.deepStrictEqual(limit, { total: 1_000, remaining: 999, reset_after: 23 * 3_600_000, max_concurrency: 1 })
    }).pipe(Effect.provide(layer())))
})

describe("compression", () => {
  it.scoped("is one zlib stream for a connection, each message flushed, in two frames if a fault wants it", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect("?v=10&encoding=json&compress=zlib-stream")
      yield* client.send(2, identifyBody())
      yield* simulator.inject(Fault.SplitFrames())
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "ça va" } })
      yield* settle
      const stream = Buffer.concat(client.frames)
      const text = Zlib.inflateSync(stream, { finishFlush: Zlib.constants.Z_SYNC_FLUSH }).toString()
      assert.include(text, "\"t\":\"READY\"")
      assert.isTrue(text.endsWith("\"d\":{\"content\":\"ça va\"}}"))
      const flushed = client.frames.map((frame) => Buffer.from(frame.subarray(-4)).toString("hex") === "0000ffff")
      assert.deepStrictEqual(flushed, [true, true, false, true])
    }).pipe(Effect.provide(layer())))
})

describe("compression with zstd", () => {
  it.scoped("is one zstd frame for a connection, each message a websocket message", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect("?v=10&encoding=json&compress=zstd-stream")
      yield* client.send(2, identifyBody())
      yield* simulator.inject(Fault.SplitFrames())
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "ça va" } })
      yield* settle
      let pieces: Array<Uint8Array> = []
      const decoder = new Fzstd.Decompress((piece) => pieces.push(piece))
      const payloads = client.frames.map((frame): Payload => {
        pieces = []
        decoder.push(frame)
        return JSON.parse(Buffer.concat(pieces).toString())
      })
      assert.deepStrictEqual(payloads.map(({ t }) => t), [null, "READY", "MESSAGE_CREATE"])
      assert.deepStrictEqual(payloads[2]?.d, { content: "ça va" })
    }).pipe(Effect.provide(layer())))
})

describe("the log", () => {
  it.scoped("tells what happened, in order, without the token, and as it happens", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const watched = yield* Effect.fork(Stream.runCollect(Stream.take(simulator.logChanges, 3)))
      yield* settle
      const client = yield* identified
      yield* client.connection.close({ code: 4000, reason: "bye" })
      const log = yield* simulator.log
      assert.deepStrictEqual(log.map(({ _tag }) => _tag), [
        "Opened",
        "Sent",
        "Received",
        "Identified",
        "Sent",
        "Closed"
      ])
      assert.notInclude(JSON.stringify(log), "\"token\":\"token\"")
      assert.deepStrictEqual(Array.from(yield* watched), log.slice(0, 3))
      const closed = yield* simulator.awaitLog(LogEntry.is("Closed"))
      assert.deepStrictEqual([closed.by, closed.code, closed.reason], ["client", 4000, "bye"])
    }).pipe(Effect.provide(layer())))

  it.scoped("keeps at most the configured number of entries, the last ones, and every violation", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* identified
      // Too soon after the first one.
      yield* identified
      const violations = yield* simulator.violations
      assert.lengthOf(violations, 1)
      for (let n = 1; n <= 40; n++) {
        yield* simulator.dispatch({ t: "USER_UPDATE", d: { n } })
        assert.isAtMost((yield* simulator.log).length, 8)
      }
      const last = (yield* simulator.log).filter(LogEntry.is("Sent")).map(({ s }) => s)
      assert.deepStrictEqual(last.slice(-4), [38, 39, 40, 41])
      assert.deepStrictEqual(yield* simulator.violations, violations)
    }).pipe(Effect.provide(layer({ logLimit: 8 }))))
})

describe("traffic", () => {
  it.scoped("is the world's events at the rate asked for", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect()
      yield* client.send(2, identifyBody({ intents: Intents.all }))
      const before = client.frames.length
      yield* Effect.fork(simulator.traffic({ eventsPerSecond: 30 }))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(client.frames.length - before, 300)
    }).pipe(Effect.provide(layer({ world: World.make({ guilds: 3 }) }))))
})
