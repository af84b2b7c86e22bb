/** The fuzzed functions and their expected results. A target throws if a result is wrong. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Session from "@vesper/gateway/Session"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Function from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as assert from "node:assert"
import { parseDuration } from "../../../packages/cli/src/config/duration.js"
import * as CliText from "../../../packages/cli/src/tui/text.js"
import * as Reference from "../../../packages/cli/src/reference/reference.js"
import * as Envelope from "../../../packages/gateway/src/internal/wire/envelope.js"
import { readAll } from "../../../packages/gateway/src/internal/events/log/cursor.js"
import { Entry } from "../../../packages/gateway/src/internal/events/log/entry.js"
import * as Parse from "../../../packages/gateway/src/internal/events/log/parse.js"
import * as GatewayUrl from "../../../packages/gateway/src/internal/wire/gatewayUrl.js"
import * as Receiver from "../../../packages/gateway/src/internal/connection/receiver.js"
import { Disconnect } from "../../../packages/gateway/src/internal/reconnect/disconnectReason.js"
import * as ReconnectPolicy from "../../../packages/gateway/src/internal/reconnect/policy.js"
import * as ShardState from "../../../packages/gateway/src/internal/state/shardState.js"
import * as Utf8 from "../../../packages/gateway/src/internal/wire/utf8.js"
import * as Inflaters from "../../../packages/platform-node/src/internal/inflate.js"
import * as ZlibStream from "../../../packages/platform-node/src/internal/zlibFrames.js"
import * as ZstdLibrary from "../../../packages/platform-node/src/internal/zstdLibrary.js"
import * as ZstdStream from "../../../packages/platform-node/src/internal/zstdFrames.js"
import * as GatewayZlib from "../../../packages/testing/src/internal/compression/zlibStream.js"
import * as GatewayZstd from "../../../packages/testing/src/internal/compression/zstdStream.js"
import type { Chance } from "./chance.js"

export interface Target {
  readonly name: string
  /** Its share of the time. */
  readonly weight: number
  readonly once: (chance: Chance) => void | Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const names = ["MESSAGE_CREATE", "READY", "RESUMED", "A_1"]

/** A payload as a gateway could write it, in Discord's order or in another. */
const payload = (chance: Chance): string => {
  const op = JSON.stringify(chance.is(0.8) ? chance.int(12) : chance.json(0))
  const s = JSON.stringify(chance.is(0.7) ? chance.int(1e6) : chance.json(0))
  const t = JSON.stringify(chance.is(0.7) ? chance.pick(names) : chance.json(0))
  const d = JSON.stringify(chance.json(2))
  if (chance.is(0.7)) {
    return `{"t":${t},"s":${s},"op":${op},"d":${d}}`
  }
  const fields = [`"t":${t}`, `"s":${s}`, `"op":${op}`, `"d":${d}`]
  const kept = fields.filter(() => chance.is(0.8)).sort(() => chance.is(0.5) ? 1 : -1)
  return `{${kept.join(",")}}`
}

// What a scan leaves as it was would show.
const blank = { op: -2, s: -2, t: "nothing", bodyAt: -2 }
const scanned = Envelope.make()
const scannedText = Envelope.make()

/** True if the scanner agrees with `JSON.parse`: it has found the same number, or none if there is none. */
const isRight = ({ op, s, t }: Envelope.Envelope, text: string): boolean => {
  const payload: { readonly op?: unknown; readonly s?: unknown; readonly t?: unknown } = JSON.parse(text)
  return payload.op === op && (payload.s ?? -1) === s && (payload.t ?? undefined) === t
}

/** Payloads that the scanner must read itself, without the slower parser. */
const isPlain = /^\{"t":(null|"[A-Z_0-9]{1,60}"),"s":(null|0|[1-9]\d{0,14}),"op":(0|[1-9]\d{0,14}),"d":/

/** The slower way says what is wrong, or reads what `JSON.parse` does. */
const parsed = (text: string): void => {
  const read = Either.isRight(Envelope.parse(scanned, text))
  assert.ok(!read || (scanned.op >= 0 && Number.isSafeInteger(scanned.op) && scanned.op === JSON.parse(text).op), text)
}

const read = Effect.runSync(Parse.make("none"))
const session = ShardState.fromStored(new Session.Session({ id: "a", sequence: 0 }))

/** Compares the event of a reader with the whole payload, although usually only the body is parsed. */
const body = (text: string, { bodyAt, s, t = "A" }: Envelope.Envelope): void => {
  const event = read(new Entry(session, t, s, text.slice(bodyAt, -1), true))
  let whole: { readonly d?: unknown }
  try {
    whole = JSON.parse(text)
  } catch {
    return assert.ok(Parse.isFailure(event), text)
  }
  assert.ok(!Parse.isFailure(event) && JSON.stringify(event.d) === JSON.stringify(whole.d), text)
}

const envelope = (chance: Chance): void => {
  const isMutated = chance.is(0.5)
  const original = payload(chance)
  const given = isMutated ? chance.mutateText(original) : original
  const bytes = encoder.encode(given)
  // What both see is what came over the wire, where half of a surrogate pair is no text.
  const text = decoder.decode(bytes)
  Object.assign(scanned, blank)
  Object.assign(scannedText, blank)
  const isScanned = Envelope.scanBytes(scanned, bytes)
  assert.ok(isScanned === Envelope.scanText(scannedText, text), `the scanners differ on ${text}`)
  if (!isScanned) {
    assert.ok(!isPlain.test(text), `the scanner refuses ${text}`)
    assert.ok(scanned.op === blank.op, `the scanner refuses ${text}, and writes all the same`)
    // Most of it is no JSON, and errors take a hundred times as long as all that is scanned.
    return chance.is(0.05) ? parsed(text) : undefined
  }
  const { bodyAt, op, s, t } = scanned
  assert.ok(op === scannedText.op && s === scannedText.s && t === scannedText.t, text)
  // The scanner has read what stands before the body, which is JSON without it.
  const key = text.indexOf(",\"d\":")
  assert.ok(isRight(scanned, key === -1 ? text : `${text.slice(0, key)}}`), text)
  assert.ok(isMutated || isRight(scanned, text), text)
  // Names are letters of one byte: both count alike up to here.
  assert.ok(bodyAt === scannedText.bodyAt && (bodyAt === 0 || bodyAt === key + 5), text)
  if (bodyAt > 0) {
    body(text, scanned)
  }
}

/** Parses a text with JSON.parse and encodes it again; none if it is refused. */
const valueOf = (text: string): string | undefined => {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Checks for any bytes that JSON rewritten to one byte a character has the same value, or is refused as well. */
const oneByteJson = (chance: Chance): void => {
  const json = JSON.stringify(chance.json(3))
  const original = Buffer.from(json.repeat(chance.is(0.1) ? chance.int(40) : 1))
  const bytes = chance.is(0.7) ? Buffer.from(chance.mutateBytes(original)) : original
  const start = chance.is(0.2) ? chance.int(bytes.length) : 0
  const rewritten = Utf8.decodeJson(bytes, start, bytes.length)
  const text = Utf8.decode(bytes, start)
  assert.ok(rewritten === text || /^[\u0000-\u00ff]*$/.test(rewritten), text)
  assert.strictEqual(valueOf(rewritten), valueOf(text))
}

const limit = 1 << 16

// What every gateway says first.
const hello =
  "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":41250,\"_trace\":[\"[\\\"gateway-prd-us-east1-b-0568\\\"]\"]}}"

/** Messages before the damaged one come out right; that one gives bytes within the limit, or an Error. */
const inflater = (
  makeInflater: () => { readonly inflate: (frame: Uint8Array) => Uint8Array | undefined; readonly close: () => void },
  makeCompressor: () => { readonly compress: (text: string) => Uint8Array }
) =>
(chance: Chance): void => {
  const compressor = makeCompressor()
  const { close, inflate } = makeInflater()
  try {
    const good = [...chance.is(0.5) ? [hello] : [], ...chance.list(3, () => JSON.stringify(chance.json(3)))]
    for (const message of good) {
      const out = inflate(compressor.compress(message))
      assert.strictEqual(out && decoder.decode(out), decoder.decode(encoder.encode(message)))
    }
    const bad = chance.is(0.1)
      ? Uint8Array.from(chance.list(64, () => chance.int(256)))
      : chance.is(0.05)
      ? compressor.compress("x".repeat(limit + 1 + chance.int(1 << 20)))
      : chance.mutateBytes(compressor.compress(JSON.stringify(chance.json(3))))
    try {
      const out = inflate(bad)
      assert.ok(out === undefined || out.length <= limit, "it grew past the limit")
    } catch (cause) {
      if (cause instanceof assert.AssertionError) {
        throw cause
      }
      assert.ok(cause instanceof Error)
    }
  } finally {
    close()
  }
}

const over = (
  make: (
    context: Inflaters.Context,
    max: number
  ) => { readonly inflate: (frame: Uint8Array) => Uint8Array | undefined },
  context: () => Inflaters.Context | undefined
) =>
() => {
  const made = context()
  if (made === undefined) {
    throw new Error("this Node has none")
  }
  return { inflate: make(made, limit).inflate, close: made.close }
}

const config = Either.getOrThrow(
  ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none, eventBufferSize: 8 })
)
const clock = Effect.runSync(Clock.clockWith(Effect.succeed))

/** The whole way from the socket's callback to a reader. It may refuse, and it may not throw. */
const receiver = (chance: Chance): void => {
  const state = Effect.runSync(
    ShardState.make(ShardId.single, config, { after: () => Function.constVoid, publish: Function.constVoid })
  )
  const reader = state.readers.open(readAll("the fuzzer"))
  let ends = 0
  const receiver = Receiver.make(state, Option.none(), clock, (signal) => {
    ends += signal._tag === "Ended" ? 1 : 0
  })
  receiver.onFrame("{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":1000}}", false)
  let last = 0
  for (const text of chance.list(12, () => chance.is(0.5) ? payload(chance) : chance.mutateText(payload(chance)))) {
    receiver.onFrame(chance.is(0.5) ? text : encoder.encode(text), chance.is(0.05))
    reader.next()
    const now = state.session?.sequence ?? 0
    assert.ok(
      Number.isSafeInteger(now) && now >= 0 && (last === 0 || now >= last || ends === 0),
      "the sequence went back"
    )
    last = now
  }
  receiver.onClose(chance.is(0.5) ? Option.none() : Option.some({ code: chance.int(6000), reason: chance.text() }))
  assert.strictEqual(ends, 1)
}

const closeFrame = (chance: Chance): void => {
  const code = chance.is(0.7) ? chance.int(5_500) : Number(chance.json(0))
  const reason = chance.text().repeat(chance.int(60))
  const made = CloseFrame.make(code, reason)
  const isSendable = (code === 1000 || code === 1001 || (code >= 3000 && code <= 4999)) && Number.isInteger(code) &&
    Buffer.byteLength(reason) <= 123
  assert.strictEqual(Either.isRight(made), isSendable)
  CloseFrame.intent({ code, reason })
  const [decision, history] = ReconnectPolicy.decide(
    {
      attempts: chance.int(50),
      losses: chance.int(50),
      failedResumes: chance.int(9),
      lostAt: chance.is(0.5) ? Option.none() : Option.some(1)
    },
    {
      reason: Disconnect.Closed({ frame: chance.is(0.2) ? Option.none() : Option.some({ code, reason }) }),
      hasSession: chance.is(0.5),
      hasResumeUrl: chance.is(0.5),
      opened: chance.is(0.5),
      establishedFor: chance.is(0.5) ? Option.none() : Option.some(chance.int(1e6)),
      now: chance.int(1e9),
      wallTime: chance.int(1e9),
      random: chance.int(1000) / 1000
    },
    config.reconnect
  )
  if (decision._tag !== "Stop") {
    const millis = Duration.toMillis(decision.after)
    assert.ok(millis >= 0 && millis <= Duration.toMillis(config.reconnect.backoffMax))
    assert.ok(history.attempts > 0)
  }
}

const key: SessionStore.Key = { bot: "1", shard: ShardId.single }

/** Checks for any content of the store that it returns a valid session, none, or the store's own error. */
const sessionStore = async (chance: Chance): Promise<void> => {
  const slot = (number: number) =>
    JSON.stringify({ number, session: { id: chance.text(), sequence: chance.int(100), resumeUrl: chance.text() } })
  const program = Effect.gen(function*() {
    const values = yield* KeyValueStore.KeyValueStore
    for (const side of ["a", "b"]) {
      if (chance.is(0.7)) {
        const good = chance.is(0.7) ? slot(chance.int(9)) : JSON.stringify(chance.json(3))
        yield* values.set(`vesper-session-1-0-of-1-${side}`, chance.is(0.6) ? chance.mutateText(good) : good)
      }
    }
    const store = yield* SessionStore.makeKeyValueStore
    const found = yield* store.load(key)
    if (Option.isSome(found)) {
      assert.ok(Number.isSafeInteger(found.value.sequence) && typeof found.value.id === "string")
      GatewayUrl.mayResumeAt("wss://a.example", found.value.resumeUrl ?? "")
      yield* store.save(key, found.value)
      assert.deepStrictEqual(Option.getOrThrow(yield* store.load(key)), found.value)
    }
  })
  const exit = await Effect.runPromiseExit(Effect.provide(program, KeyValueStore.layerMemory))
  assert.ok(Exit.isSuccess(exit) || exit.cause._tag === "Fail", String(exit))
}

const configuration = (chance: Chance): void => {
  const wild = (): number => chance.is(0.5) ? chance.int(300) : Number(chance.json(0))
  ShardConfig.make({
    token: Redacted.make(chance.text()),
    // As they may come from a program without types.
    intents: wild() as Intents.Intents,
    largeThreshold: wild(),
    gatewayUrl: chance.is(0.5) ? chance.text() : "wss://a.example",
    eventBufferSize: wild(),
    commandQueueSize: wild()
  })
  const url = chance.text()
  if (GatewayUrl.mayResumeAt("wss://a.example", url)) {
    assert.strictEqual(new URL(url).protocol, "wss:")
    GatewayUrl.make(url, 10, Option.none())
  }
  const layer = ShardConfig.layerConfig({ intents: Intents.none })
  const exit = Effect.runSyncExit(
    Effect.scoped(Layer.build(layer)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", chance.text()]])))
    )
  )
  assert.ok(Exit.isSuccess(exit) || exit.cause._tag === "Fail", String(exit))
}

const commandLine = (chance: Chance): void => {
  const words = chance.list(
    3,
    () => chance.is(0.5) ? chance.text() : chance.pick(["op", "close", "9", "intent", "Guilds"])
  )
  const problemOf = <A>(found: Either.Either<A, string>) => Either.isLeft(found) ? found.left : ""
  const problems = [
    problemOf(Reference.find(words)),
    problemOf(Reference.findIntents(words)),
    problemOf(parseDuration(words.join("")))
  ]
  assert.doesNotMatch(problems.join("; "), /undefined/)
  const width = chance.int(20)
  assert.ok(CliText.measureWidth(CliText.fit(CliText.clean(words.join(" ")), width)) <= width)
}

const hasZstd = Inflaters.makeZstdHandle(limit) !== undefined

export const targets: ReadonlyArray<Target> = [
  { name: "envelope", weight: 8, once: envelope },
  { name: "JSON of one byte a character", weight: 3, once: oneByteJson },
  {
    name: "zlib by its handle",
    weight: 3,
    once: inflater(over(ZlibStream.make, () => Inflaters.makeHandle(limit)), GatewayZlib.make)
  },
  {
    name: "zlib as documented",
    weight: 2,
    once: inflater(over(ZlibStream.make, () => Inflaters.makeDocumented(limit)), GatewayZlib.make)
  },
  {
    name: "zstd by fzstd",
    weight: 2,
    once: inflater(over(ZstdStream.make, () => ZstdLibrary.make(limit)), GatewayZstd.make)
  },
  ...hasZstd
    ? [{
      name: "zstd by its handle",
      weight: 2,
      once: inflater(over(ZstdStream.make, () => Inflaters.makeZstdHandle(limit)), GatewayZstd.make)
    }]
    : [],
  { name: "receiver", weight: 2, once: receiver },
  { name: "close frames", weight: 1, once: closeFrame },
  { name: "session store", weight: 1, once: sessionStore },
  { name: "configuration", weight: 1, once: configuration },
  { name: "command line", weight: 1, once: commandLine }
]
