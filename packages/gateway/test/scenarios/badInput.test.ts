import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import * as Message from "../../src/Message.js"
import * as Session from "../../src/Session.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import * as ShardError from "../../src/ShardError.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, layer, startShard, token, withChance } from "../harness.js"

const valid: ShardConfig.Options = { token: Redacted.make(token), intents: Intents.none }

// Values that a program without types may pass.
const bits = (value: number) => value as Intents.Intents

const refused: ReadonlyArray<readonly [what: string, options: Partial<ShardConfig.Options>, message: RegExp]> = [
  ["an empty token", { token: Redacted.make("") }, /token is empty/],
  ["a token that is only a prefix", { token: Redacted.make("Bot ") }, /token is empty/],
  ["a token with a line break", { token: Redacted.make("abc\ndef") }, /white space/],
  ["negative intents", { intents: bits(-1) }, /"-1" is no set of intents/],
  ["fractional intents", { intents: bits(1.5) }, /"1.5" is no set of intents/],
  ["intents that are no number", { intents: bits(Number.NaN) }, /is no set of intents/],
  ["a large threshold of 49", { largeThreshold: 49 }, /49 is not a whole number between 50 and 250/],
  ["a large threshold of 251", { largeThreshold: 251 }, /251 is not a whole number between 50 and 250/],
  ["a gateway URL that is none", { gatewayUrl: "gateway" }, /"gateway" is not a URL/],
  ["a gateway URL of the wrong kind", { gatewayUrl: "https://gateway.discord.gg" }, /must start with wss/],
  ["an empty buffer", { eventBufferSize: 0 }, /0 is not a whole number of at least 1/],
  ["half a command", { commandQueueSize: 1.5 }, /1.5 is not a whole number/],
  [
    "a resume URL that is less safe than the gateway URL",
    { session: new Session.Session({ id: "a", sequence: 1, resumeUrl: "ws://plain.example" }) },
    /as safe as the gateway URL/
  ]
]

describe("a config", () => {
  for (const [what, options, message] of refused) {
    it.effect(`with ${what} is refused with a ConfigError that says why`, () =>
      Effect.gen(function*() {
        const config = ShardConfig.make({ ...valid, ...options })
        assert.isTrue(Either.isLeft(config))
        const error = yield* Effect.flip(Layer.build(ShardConfig.layer({ ...valid, ...options })))
        assert.match(String(error), message)
        assert.notInclude(String(error), token)
      }).pipe(Effect.scoped))
  }

  for (const largeThreshold of [50, 100, 250]) {
    it(`with a large threshold of ${largeThreshold} is accepted`, () => {
      assert.strictEqual(
        Either.getOrThrow(ShardConfig.make({ ...valid, largeThreshold })).largeThreshold,
        largeThreshold
      )
    })
  }

  it.effect("takes the token from the environment, and single options too", () =>
    Effect.gen(function*() {
      const config = yield* Effect.provide(
        ShardConfig.ShardConfig,
        ShardConfig.layerConfig({ intents: Intents.of("Guilds"), largeThreshold: Config.integer("LARGE_THRESHOLD") })
      )
      assert.strictEqual(Redacted.value(config.token), "from-the-environment")
      assert.strictEqual(config.largeThreshold, 70)
    }).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(
        new Map([["DISCORD_TOKEN", "from-the-environment"], ["LARGE_THRESHOLD", "70"]])
      )),
      Effect.catchAll((error) => Effect.dieMessage(String(error)))
    ))

  it.effect("without the token in the environment names what is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(ShardConfig.layerConfig({ intents: Intents.none })))
      assert.include(String(error), "DISCORD_TOKEN")
    }).pipe(Effect.scoped, Effect.withConfigProvider(ConfigProvider.fromMap(new Map()))))
})

describe("a shard id", () => {
  for (const [id, total] of [[1, 1], [-1, 1], [0, 0], [0.5, 2], [Number.NaN, 2]] as const) {
    it(`${id} of ${total} is refused with a typed error`, () => {
      const error = Either.getOrThrow(Either.flip(ShardId.make(id, total)))
      assert.strictEqual(error._tag, "InvalidShardId")
      assert.include(error.message, `shard ${id} of ${total} does not exist`)
    })
  }
})

describe("a bad message", () => {
  const broken = [
    "not json",
    "{\"t\":\"MESSAGE_CREATE\",\"s\":2,\"op\":0,\"d\":{",
    "[]",
    "{}",
    "{\"op\":0,\"d\":{}}",
    ""
  ]
  for (const text of broken) {
    it.scoped(`${JSON.stringify(text)} is one DeserializationError, and the next event still comes`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* inject(Fault.SendText({ text }))
        yield* inject(Fault.SkipSequence({ count: text.includes("\"s\":2") ? 1 : 0 }))
        yield* simulator.dispatch({ t: "TYPING_START", d: { good: true } })
        assert.strictEqual((yield* Effect.flip(shard.nextEvent))._tag, "DeserializationError")
        assert.strictEqual((yield* shard.nextEvent).t, "TYPING_START")
        assert.strictEqual((yield* entries("Opened")).length, 1)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("does not end a stream, and is reported once", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      const reported = yield* Effect.fork(Stream.runHead(shard.diagnostics))
      const event = yield* Effect.fork(Stream.runHead(shard.events))
      yield* TestClock.adjust(0)
      yield* inject(Fault.SendText({ text: "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":" }))
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* inject(Fault.SkipSequence({ count: 1 }))
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      const diagnostic = Option.getOrThrow(yield* Fiber.join(reported))
      assert.strictEqual(
        diagnostic._tag === "Failure" ? diagnostic.error._tag : diagnostic._tag,
        "DeserializationError"
      )
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(event)).t, "TYPING_START")
    }).pipe(Effect.provide(layer())))

  it.scoped("hello without an interval is a ProtocolError, and the shard connects again", () =>
    Effect.gen(function*() {
      yield* inject(Fault.HelloWithoutInterval({ host: "any", times: 1 }))
      const shard = yield* startShard
      const error = yield* Effect.flip(shard.nextEvent)
      assert.strictEqual(error._tag, "ProtocolError")
      assert.include(error.message, "heartbeat_interval")
      yield* awaitReady(shard)
    }).pipe(Effect.provide(layer())))

  const disallowed = [
    ["a second hello", "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":1000}}"],
    ["an invalid session that does not say whether it can be resumed", "{\"op\":9,\"d\":\"no\"}"],
    ["a READY without a session id", "{\"t\":\"READY\",\"s\":2,\"op\":0,\"d\":{}}"]
  ] as const
  for (const [what, text] of disallowed) {
    it.scoped(`${what} is a ProtocolError, and the shard resumes`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* inject(Fault.SendText({ text }))
        assert.strictEqual((yield* Effect.flip(shard.nextEvent))._tag, "ProtocolError")
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* entries("Resumed")).length, 1)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("of an unknown opcode is ignored, and one of an unknown event is given out", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.SendText({ text: "{\"op\":99,\"d\":null}" }))
      yield* simulator.dispatch({ t: "BRAND_NEW", d: { a: 1 } })
      assert.deepStrictEqual(yield* shard.nextEvent, {
        op: 0,
        t: "UnknownDispatch",
        name: "BRAND_NEW",
        s: 2,
        d: { a: 1 }
      })
    }).pipe(Effect.provide(layer())))

  it.scoped("that is corrupt zlib data is a CompressionError, and the shard resumes with a new context", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Corrupt())
      yield* simulator.dispatch({ t: "TYPING_START", d: { n: 1 } })
      yield* simulator.dispatch({ t: "TYPING_START", d: { n: 2 } })
      assert.strictEqual((yield* Effect.flip(shard.nextEvent))._tag, "CompressionError")
      const events = yield* Stream.runCollect(Stream.take(shard.events, 2))
      assert.deepStrictEqual(Array.from(events, ({ d }) => d), [{ n: 1 }, { n: 2 }])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(Effect.provide(Layer.merge(layer(), NodeDecompressor.layerZlib()))))

  it.scoped("never breaks the shard, whatever it is", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      const reader = yield* Effect.forkScoped(Stream.runDrain(shard.events))
      const texts = FastCheck.sample(
        FastCheck.oneof(
          FastCheck.string(),
          FastCheck.json(),
          FastCheck.record({
            op: FastCheck.nat(12),
            d: FastCheck.jsonValue(),
            s: FastCheck.nat(),
            t: FastCheck.string()
          })
            .map((payload) => JSON.stringify(payload))
        ),
        { numRuns: 300, seed: 5 }
      )
      for (const text of texts) {
        yield* inject(Fault.SendText({ text }))
      }
      yield* TestClock.adjust("30 minutes")
      assert.isNull(reader.unsafePoll())
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      // The shard accepts an invented sequence number, and the gateway refuses it in the resume.
      const rules = (yield* simulator.violations).map(({ rule }) => rule)
      assert.deepStrictEqual(rules.filter((rule) => rule !== "InvalidSequence"), [])
    }).pipe(withChance(0.5), Effect.provide(layer())))
})

describe("messages", () => {
  it.scoped("are whole payloads as text, and the end of each connection", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* Effect.repeat(shard.nextMessage, {
        until: (message) => Message.isText(message) && message.text.includes("\"READY\"")
      })
      yield* inject(Fault.Close({ code: 4000, reason: "bye" }))
      assert.deepStrictEqual(
        yield* shard.nextMessage,
        Message.Close({ frame: Option.some({ code: 4000, reason: "bye" }) })
      )
      const hello = yield* shard.nextMessage
      assert.isTrue(Message.isText(hello) && hello.text.includes("heartbeat_interval"))
    }).pipe(Effect.provide(layer())))
})

describe("the token", () => {
  it.scoped("is in no log line, error, diagnostic, status, session, config or recording", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const lines: Array<string> = []
      const logger = Logger.make((entry) => {
        lines.push(inspect(entry, { depth: 20 }))
      })
      yield* Effect.gen(function*() {
        const shard = yield* startShard
        yield* Stream.runForEach(shard.diagnostics, (diagnostic) =>
          Effect.sync(() => lines.push(inspect(diagnostic, { depth: 20 })))).pipe(Effect.forkScoped)
        const errors = yield* Effect.forkScoped(
          Effect.forever(Effect.catchAll(shard.nextEvent, (error) =>
            Effect.sync(() =>
              lines.push(inspect(error, { depth: 20 }), JSON.stringify(error), String(error))
            )))
        )
        yield* TestClock.adjust("1 second")
        for (
          const fault of [
            Fault.Drop(),
            Fault.SendText({ text: "no" }),
            Fault.InvalidSession({ resumable: false }),
            Fault.HelloAgain(),
            Fault.Close({ code: 4004, reason: "Authentication failed." })
          ]
        ) {
          yield* inject(fault)
          yield* TestClock.adjust("1 minute")
        }
        const rendered = [shard.config, yield* shard.session, yield* shard.status, yield* simulator.log, shard]
        lines.push(...rendered.flatMap((one) => [inspect(one, { depth: 20 }), Inspectable.format(one)]))
        yield* Fiber.interrupt(errors)
      }).pipe(
        Effect.provide(Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(LogLevel.All)))
      )
      assert.isAbove(lines.length, 20)
      assert.deepStrictEqual(
        lines.filter((line) =>
          line.includes(token)
        ),
        []
      )
    }).pipe(Effect.provide(layer())))

  it("is in no rendering of an error", () => {
    const error = new ShardError.SendingMessageError({ subject: "identify", cause: new Error("lost") })
    assert.notInclude(inspect(error) + JSON.stringify(error), token)
  })
})

/** A logger that throws at its first line of this level or above. */
const brokenLogger = (level: LogLevel.LogLevel) => {
  let isBroken = true
  const broken = Logger.make(() => {
    if (isBroken) {
      isBroken = false
      throw new Error("the logger is broken")
    }
  })
  return Layer.merge(Logger.replace(Logger.defaultLogger, broken), Logger.minimumLogLevel(level))
}

describe("a defect inside the shard", () => {
  it.scoped("leaves no status behind that is not true", () =>
    Effect.gen(function*() {
      const shard = yield* Effect.provide(startShard, brokenLogger(LogLevel.Warning))
      yield* awaitReady(shard)
      const reported = yield* Effect.fork(Stream.runHead(
        Stream.filter(shard.diagnostics, (one) => one._tag === "Failure" && one.error.message.includes("logger"))
      ))
      yield* TestClock.adjust(0)
      // The first log line reports the error before the shard starts to wait.
      yield* inject(Fault.HelloAgain())
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* shard.status)._tag, "Disconnected")
      assert.isTrue(Option.isSome(yield* Fiber.join(reported)))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* shard.status)._tag, "Connected")
    }).pipe(Effect.provide(layer())))

  it.scoped("reaches the reader as a DefectError, and the shard continues after a pause", () =>
    Effect.gen(function*() {
      const shard = yield* Effect.provide(startShard, brokenLogger(LogLevel.Info))
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      const error = yield* Effect.flip(shard.nextEvent)
      assert.strictEqual(error._tag, "DefectError")
      assert.include(error.message, "the logger is broken")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(Effect.provide(layer())))
})
