import { assert, describe, it } from "@effect/vitest"
import * as GatewaySchema from "../../src/GatewaySchema.js"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import * as Fleet from "../../src/Fleet.js"
import * as GatewayApi from "../../src/GatewayApi.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import * as ShardMetrics from "../../src/ShardMetrics.js"
import { awaitReady, entries, inject, layer, startShard, timesReceived, token, withChance } from "../harness.js"
import * as Tracer from "../tracer.js"

/** Each way to render a value. */
const render = (value: unknown): ReadonlyArray<string> => [
  inspect(value, { depth: 12, getters: true }),
  Inspectable.format(value),
  Inspectable.toStringUnknown(value),
  String(JSON.stringify(value, (_, one: unknown) => typeof one === "bigint" ? String(one) : one))
]

describe("the token", () => {
  it.scoped(
    "is in no log, span, metric, status or rendering of anything that a fleet gives out",
    () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const logger = Logger.make((entry) => {
          lines.push(...render(entry))
        })
        yield* Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const fleet = yield* Fleet.make({ shards: { total: 2 } })
          yield* Effect.forkScoped(
            Effect.exit(fleet.runForEach(() => Effect.void, { spans: true })).pipe(
              Effect.tap((exit) => Effect.sync(() => lines.push(...render(exit))))
            )
          )
          const shards = yield* fleet.shards
          yield* Effect.forEach(shards, (shard) =>
            Effect.forkScoped(
              Stream.runForEach(shard.diagnostics, (one) => Effect.sync(() => lines.push(...render(one))))
            ))
          yield* TestClock.adjust("20 seconds")
          const faults = [
            Fault.Drop(),
            Fault.HelloAgain(),
            Fault.SendText({ text: "no" }),
            Fault.InvalidSession({ resumable: false }),
            Fault.NeverReady({ host: "any", times: 1 }),
            Fault.RefuseConnections({ host: "any", times: 1, status: 503 }),
            Fault.Drop(),
            Fault.Close({ code: 4004, reason: "Authentication failed." })
          ]
          for (const fault of faults) {
            yield* inject(fault)
            yield* TestClock.adjust("2 minutes")
          }
          const queue = yield* IdentifyQueue.IdentifyQueue
          const api = yield* GatewayApi.GatewayApi
          const one = yield* Effect.option(shards[0]?.session ?? Effect.succeedNone)
          for (
            const given of [
              fleet,
              yield* fleet.status,
              ...shards,
              one,
              queue,
              api,
              yield* Effect.exit(api.gatewayBot),
              yield* simulator.log,
              yield* Metric.snapshot,
              yield* Effect.context<never>()
            ]
          ) {
            lines.push(...render(given))
          }
        }).pipe(
          Effect.withTracer(Tracer.make((...values) => lines.push(...values.flatMap(render)))),
          Effect.provide(Layer.mergeAll(
            Logger.replace(Logger.defaultLogger, logger),
            Logger.minimumLogLevel(LogLevel.All),
            ShardMetrics.layer({})
          ))
        )
        assert.isAbove(lines.length, 100)
        assert.include(lines, "vesper.connect")
        const secret = [token, Buffer.from(token).toString("base64")]
        assert.deepStrictEqual(lines.filter((line) => secret.some((one) => line.includes(one))), [])
      }).pipe(
        withChance(0.5),
        Effect.provide(GatewaySimulator.layerApi.pipe(Layer.provideMerge(layer())))
      ),
    60_000
  )

  it("would be found if it were there", () => {
    const lines = render({ a: new Map([["b", { token }]]) })
    assert.isTrue(lines.some((line) => line.includes(token)))
    assert.isFalse(render({ token: Redacted.make(token) }).some((line) => line.includes(token)))
  })
})

describe("a resume URL", () => {
  for (const url of ["ws://plain.example/", "https://resume.example/", "file:///etc/passwd", "gateway"]) {
    it.scoped(`that is not as safe as the gateway's is told of, and never called: "${url}"`, () =>
      Effect.gen(function*() {
        yield* inject(Fault.NameResumeUrl({ host: "any", times: 1, url }))
        const shard = yield* startShard
        const values = yield* Effect.fork(
          Stream.runHead(Stream.filter(shard.diagnostics, (one) => one._tag === "UnsafeResumeUrl"))
        )
        yield* awaitReady(shard)
        assert.isTrue(Option.isSome(yield* Fiber.join(values)))
        yield* inject(Fault.Drop())
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* entries("Resumed")).length, 1)
        const hosts = (yield* entries("Opened")).map((entry) => new URL(entry.url).origin)
        assert.deepStrictEqual(hosts, [hosts[0], hosts[0]])
      }).pipe(withChance(0.5), Effect.provide(layer())))
  }
})

describe("the resume URL of a stored session", () => {
  for (const url of ["ws://plain.example/", "https://resume.example/", "gateway"]) {
    it.scoped(`that is not as safe as the gateway's is reported, and never called: "${url}"`, () =>
      Effect.gen(function*() {
        const first = yield* Effect.scoped(Effect.gen(function*() {
          const shard = yield* startShard
          yield* awaitReady(shard)
          return Option.getOrThrow(yield* shard.session)
        }))
        const stored = new Session.Session({ ...first, resumeUrl: url })
        const store: SessionStore.SessionStore = {
          load: () => Effect.succeedSome(stored),
          save: () => Effect.void,
          remove: () => Effect.void
        }
        const shard = yield* Effect.provideService(Shard.make(ShardId.single), SessionStore.SessionStore, store)
        const reported = yield* Effect.fork(
          Stream.runHead(Stream.filter(shard.diagnostics, ({ _tag }) => _tag === "UnsafeResumeUrl"))
        )
        yield* Effect.yieldNow()
        yield* shard.connect
        yield* TestClock.adjust("1 minute")
        assert.isTrue(Option.isSome(yield* Fiber.join(reported)))
        assert.strictEqual((yield* entries("Resumed")).length, 1)
        const hosts = (yield* entries("Opened")).map((entry) => new URL(entry.url).origin)
        assert.deepStrictEqual(hosts, [hosts[0], hosts[0]])
      }).pipe(withChance(0.5), Effect.provide(layer())))
  }
})

describe("the id of a stored session", () => {
  for (
    const [what, id] of [["control characters", "\u001b[2Ja\nb"], ["a million characters", "a".repeat(1e6)]] as const
  ) {
    it.scoped(`with ${what} is refused, and no line of the log has it`, () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const store: SessionStore.SessionStore = {
          load: () => Effect.succeedSome(new Session.Session({ id, sequence: 3 })),
          save: () => Effect.void,
          remove: () => Effect.void
        }
        const logger = Logger.make(({ annotations, message }) => {
          lines.push(
            [String(message), ...Array.from(annotations, ([key, value]) => `${key}=${String(value)}`)].join(" ")
          )
        })
        yield* Effect.gen(function*() {
          const shard = yield* startShard
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual((yield* shard.status)._tag, "Connected")
        }).pipe(
          Effect.provideService(SessionStore.SessionStore, store),
          Effect.provide(
            Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(LogLevel.All))
          )
        )
        assert.strictEqual((yield* timesReceived(Opcode.Resume)).length, 0)
        assert.isTrue(lines.some((line) => line.includes("its id is too long or contains control characters")))
        assert.isTrue(lines.every((line) => line.length < 500 && !line.includes("\u001b")))
      }).pipe(Effect.provide(layer())))
  }
})

describe("a payload with __proto__", () => {
  const polluted = "{\"__proto__\":{\"polluted\":true},\"constructor\":{\"prototype\":{\"polluted\":true}}}"
  const isPolluted = () => "polluted" in {}

  it.scoped("as an event changes nothing but itself", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.SendText({ text: `{"t":"TYPING_START","s":2,"op":0,"d":${polluted}}` }))
      const event = yield* shard.nextEvent
      assert.isFalse(isPolluted())
      assert.strictEqual(Object.getPrototypeOf(event), Object.prototype)
      assert.strictEqual(JSON.stringify(event.d), polluted)
    }).pipe(Effect.provide(layer())))

  it.scoped("in the place of an envelope, a hello or a READY is refused or passed over", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      for (
        const text of [
          "{\"__proto__\":{\"op\":7},\"d\":null}",
          "{\"__proto__\":{\"op\":0,\"t\":\"X\",\"s\":9}}",
          `{"t":"__proto__","s":2,"op":0,"d":${polluted}}`,
          `{"t":"READY","s":3,"op":0,"d":${polluted}}`
        ]
      ) {
        yield* inject(Fault.SendText({ text }))
        yield* Effect.option(shard.nextEvent)
      }
      assert.isFalse(isPolluted())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* shard.status)._tag, "Connected")
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it("in a stored session is no session", () => {
    assert.isTrue(Option.isNone(Schema.decodeUnknownOption(GatewaySchema.Session)(JSON.parse(polluted))))
    assert.isFalse(isPolluted())
  })

  it.effect("as a bot's name in the store stays a name", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.makeMemory
      const [id] = [{ bot: "__proto__", shard: (yield* Effect.scoped(startShard)).id }]
      assert.isTrue(Option.isNone(yield* store.load(id)))
    }).pipe(Effect.provide(layer())))
})
