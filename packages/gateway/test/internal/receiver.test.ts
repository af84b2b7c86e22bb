import { assert, describe, it } from "@effect/vitest"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import * as Counters from "../../src/internal/state/counters.js"
import * as Envelope from "../../src/internal/wire/envelope.js"
import * as DisconnectLog from "../../src/internal/diagnostics/disconnectLog.js"
import * as Receiver from "../../src/internal/connection/receiver.js"
import type { Signal } from "../../src/internal/connection/signal.js"
import { readAll } from "../../src/internal/events/log/index.js"
import { Disconnect } from "../../src/internal/reconnect/disconnectReason.js"
import * as SessionToStore from "../../src/internal/session/sessionToStore.js"
import * as ShardState from "../../src/internal/state/shardState.js"
import * as Session from "../../src/Session.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { silent } from "../harness.js"
import { event, hello, play, ready } from "./receiverFixture.js"

const reconnect = "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}"

describe("once the end of a connection is decided", () => {
  it.effect("an event that did not fit takes along all that come after it: a resume brings them in order", () =>
    Effect.gen(function*() {
      const config = Either.getOrThrow(
        ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none, eventBufferSize: 2 })
      )
      const state = yield* ShardState.make(ShardId.single, config, silent)
      const receiver = Receiver.make(state, Option.none(), yield* Effect.clock, () => {})
      for (const text of [hello, ready, event(2), reconnect, event(3)]) {
        receiver.onFrame(text, false)
      }
      // The reader makes room before the next frame, which was on its way too.
      const reader = state.readers.open({ ...readAll("a test"), wantsControlItems: false })
      assert.deepStrictEqual([reader.next()?._tag, reader.next()?._tag, reader.next()], [
        "Dispatch",
        "Dispatch",
        undefined
      ])
      assert.isFalse(state.log.backpressure.isPaused)
      receiver.onFrame(event(4), false)
      assert.strictEqual(state.session?.sequence, 2)
    }))
})

describe("a READY whose session id has no printable character", () => {
  it.effect("begins a session that has an id", () =>
    Effect.gen(function*() {
      const { state } = yield* play([hello, ready.replace("\"a\"", "\"\\u0001\\u0007\"")])
      assert.isTrue(Option.exists(SessionToStore.fromState(state), ({ id }) => /^[!-~]+$/.test(id)))
    }))
})

describe("a READY of nested brackets", () => {
  for (const [depth, isRefused] of [[200, false], [200_000, true]] as const) {
    it.effect(`${depth} deep is ${isRefused ? "refused with a line that says why" : "read"}`, () =>
      Effect.gen(function*() {
        const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`
        const { reason } = yield* play([hello, ready.replace("\"v\":10", `"v":10,"other":${nested}`)])
        assert.strictEqual(
          reason === undefined ? undefined : DisconnectLog.describe(reason),
          isRefused
            ? "READY could not be processed: its brackets are nested more than 256 deep"
            : undefined
        )
      }))
  }
})

const readyOf = (s: number) => ready.replace("\"s\":1", `"s":${s}`)

const stored = new Session.Session({ id: "a", sequence: 5 })

describe("a resume", () => {
  const forms = [
    ["null", "{\"t\":\"RESUMED\",\"s\":null,\"op\":0,\"d\":{}}", 5],
    ["no number", "{\"t\":\"RESUMED\",\"op\":0,\"d\":{}}", 5],
    ["the last number", "{\"t\":\"RESUMED\",\"s\":5,\"op\":0,\"d\":{}}", 5],
    ["an old number", "{\"t\":\"RESUMED\",\"s\":2,\"op\":0,\"d\":{}}", 5],
    ["the next number", "{\"t\":\"RESUMED\",\"s\":6,\"op\":0,\"d\":{}}", 6],
    ["a larger number", "{\"t\":\"RESUMED\",\"s\":9,\"op\":0,\"d\":{}}", 9]
  ] as const
  for (const [what, text, sequence] of forms) {
    it.effect(`is established by a RESUMED with ${what}, and only a larger number moves the sequence`, () =>
      Effect.gen(function*() {
        const { isEstablished, state } = yield* play([hello, text], stored)
        assert.isTrue(isEstablished)
        assert.strictEqual(state.session?.sequence, sequence)
        const item = state.log.backlog?.next()
        assert.isTrue(item?._tag === "Dispatch" && item.s === sequence)
        const event = item?._tag === "Dispatch" ? state.parse(item) : undefined
        assert.isTrue(event !== undefined && "s" in event && event.s === sequence)
      }))
  }

  it.effect("with events and no RESUMED can be assumed, once, and not without an event", () =>
    Effect.gen(function*() {
      const { receiver, signals } = yield* play([hello], stored)
      assert.isFalse(receiver.unsafeAssumeResumed())
      receiver.onFrame(event(6), false)
      assert.isTrue(receiver.unsafeAssumeResumed())
      assert.isFalse(receiver.unsafeAssumeResumed())
      assert.strictEqual(signals.filter(({ _tag }) => _tag === "Established").length, 1)
    }))
})

describe("an event before its session", () => {
  for (
    const [what, frames] of [
      ["hello", [event(2), hello, ready]],
      ["READY", [hello, event(1), event(2), "{\"t\":\"RESUMED\",\"s\":3,\"op\":0,\"d\":{}}", ready]]
    ] as const
  ) {
    it.effect(`that arrives before ${what} is dropped with a diagnostic`, () =>
      Effect.gen(function*() {
        const { noticed, reason, state } = yield* play(frames)
        assert.isUndefined(reason)
        assert.include(noticed.map(({ _tag }) => _tag), "EarlyEvent")
        assert.strictEqual(state.session?.sequence, 1)
      }))
  }
})

describe("a sequence number", () => {
  const far = 10_000_000
  const table = [
    ["of an event ten million ahead is a gap", [hello, ready, event(1 + far)], false],
    ["of an event further ahead is refused", [hello, ready, event(2 + far)], true],
    ["of a RESUMED further ahead is refused", [
      hello,
      ready,
      `{"t":"RESUMED","s":${2 + far},"op":0,"d":{}}`
    ], true],
    ["of READY further ahead is refused", [hello, readyOf(1 + far)], true]
  ] as const
  for (const [what, frames, isRefused] of table) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const { reason, state } = yield* play(frames)
        assert.strictEqual(reason?._tag === "Failed" && reason.error._tag === "ProtocolError", isRefused)
        assert.strictEqual(state.session?.sequence === 1 || state.session === undefined, isRefused)
      }))
  }
})

describe("a message that is too large", () => {
  const tooLarge = new GatewaySocket.FrameError({ reason: "TooLarge", cause: new Error("larger than 10 bytes") })

  it.effect("is skipped by the session once it was refused twice at the same place", () =>
    Effect.gen(function*() {
      const config = Either.getOrThrow(
        ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none, session: stored })
      )
      const state = yield* ShardState.make(ShardId.single, config, silent)
      const clock = yield* Effect.clock
      const sequences: Array<number | undefined> = []
      const signals: Array<Signal> = []
      for (let i = 0; i < 3; i++) {
        const receiver = Receiver.make(state, Option.none(), clock, (signal) => signals.push(signal))
        receiver.onFrame(hello, false)
        receiver.onClose(Option.none(), tooLarge)
        receiver.onClose(Option.none(), tooLarge)
        sequences.push(state.session?.sequence)
      }
      assert.deepStrictEqual(sequences, [5, 6, 6])
      assert.strictEqual(
        signals.filter((signal) => signal._tag === "Diagnosed" && signal.diagnostic._tag === "Skipped").length,
        1
      )
    }))

  it.effect("is not skipped where events came between", () =>
    Effect.gen(function*() {
      const { state } = yield* play([], stored)
      const clock = yield* Effect.clock
      for (const s of [6, 7, 8]) {
        const receiver = Receiver.make(state, Option.none(), clock, () => {})
        receiver.onFrame(hello, false)
        receiver.onFrame(event(s), false)
        receiver.onClose(Option.none(), tooLarge)
        assert.strictEqual(state.session?.sequence, s)
      }
    }))
})

describe("the end of a connection", () => {
  it.effect("has the reason that was found first", () =>
    Effect.gen(function*() {
      const { receiver, signals } = yield* play([hello, ready, reconnect, hello, "{\"op\":9,\"d\":false}"])
      receiver.onClose(Option.some({ code: 4004, reason: "later" }))
      receiver.end(Disconnect.Zombie())
      assert.deepStrictEqual(
        signals.flatMap((signal) => signal._tag === "Ended" ? [signal.reason._tag] : []),
        ["ReconnectRequested"]
      )
    }))

  it.effect("has the peer's close frame without control characters", () =>
    Effect.gen(function*() {
      const { receiver, signals } = yield* play([hello, ready])
      receiver.onClose(Option.some({ code: 4000, reason: "\u001b[2Ja\nb" }))
      assert.deepStrictEqual(receiver.closedWith(), Option.some({ code: 4000, reason: "[2Ja b" }))
      const ended = signals.at(-1)
      assert.isTrue(ended?._tag === "Ended" && ended.reason._tag === "Closed")
    }))
})

describe("names of events", () => {
  it.effect("are bounded in the cache and in the counters, and documented ones are always counted", () =>
    Effect.gen(function*() {
      const frames = Array.from({ length: 2_000 }, (_, i) => `{"t":"NAME_${i}","s":${i + 2},"op":0,"d":{}}`)
      const { receiver, state } = yield* play([hello, ready])
      const before = Envelope.names.size()
      frames.forEach((text) => receiver.onFrame(new TextEncoder().encode(text), false))
      receiver.onFrame(event(5_000), false)
      assert.isAtMost(Envelope.names.size() - before, 128)
      assert.isAtMost(state.counters.events.size, EventType.all.length + 110)
      assert.strictEqual(state.counters.events.get("TYPING_START"), 1)
      assert.isAbove(state.counters.events.get(Counters.otherEvents) ?? 0, 1_700)
    }))

  it.effect("of megabytes are one error, and the sequence moves on", () =>
    Effect.gen(function*() {
      const { noticed, reason, state } = yield* play([
        hello,
        ready,
        `{"t":"${"X".repeat(4_000_000)}","s":2,"op":0,"d":{}}`,
        "{\"t\":\"A\\u001b[2J\",\"s\":3,\"op\":0,\"d\":{}}"
      ])
      assert.isUndefined(reason)
      assert.strictEqual(state.session?.sequence, 3)
      const messages = noticed.flatMap((one) => one._tag === "Failure" ? [one.error.message] : [])
      assert.strictEqual(messages.length, 2)
      messages.forEach((message) => assert.isBelow(message.length, 400))
    }))
})

describe("a compressed message that cannot be read", () => {
  /** As a frame that an inflater has inflated already. */
  const playCompressed = (state: ShardState.ShardState, frames: ReadonlyArray<string | Uint8Array>) =>
    Effect.map(Effect.clock, (clock) => {
      const signals: Array<Signal> = []
      const inflater = { inflate: (frame: Uint8Array) => frame, bytesIn: () => 0, bytesOut: () => 0 }
      const receiver = Receiver.make(state, Option.some(inflater), clock, (signal) => signals.push(signal))
      const encoder = new TextEncoder()
      frames.forEach((frame) => receiver.onFrame(typeof frame === "string" ? encoder.encode(frame) : frame, true))
      return signals.flatMap((signal) => signal._tag === "Ended" ? [signal.reason] : [])
    })

  const make = Effect.gen(function*() {
    const config = Either.getOrThrow(ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none }))
    return yield* ShardState.make(ShardId.single, config, silent)
  })

  it.effect("ends the connection if it is not valid UTF-8, which only damaged data is", () =>
    Effect.gen(function*() {
      const state = yield* make
      const [reason] = yield* playCompressed(state, [hello, ready, Uint8Array.of(0x7b, 0xff, 0xfe), event(2)])
      assert.isTrue(reason?._tag === "Failed" && reason.error._tag === "CompressionError")
      assert.strictEqual(state.session?.sequence, 1)
    }))

  it.effect("costs no connection where no event is missing after it", () =>
    Effect.gen(function*() {
      const state = yield* make
      assert.deepStrictEqual(yield* playCompressed(state, [hello, ready, "not json", event(2)]), [])
      assert.strictEqual(state.session?.sequence, 2)
    }))

  it.effect("ends the connection before the sequence passes the event that it was, once at one place", () =>
    Effect.gen(function*() {
      const state = yield* make
      const [reason] = yield* playCompressed(state, [hello, ready, "!" + event(2).slice(1), event(3), event(4)])
      assert.isTrue(reason?._tag === "Failed" && reason.error._tag === "CompressionError")
      assert.strictEqual(state.session?.sequence, 1)
      assert.deepStrictEqual(yield* playCompressed(state, [hello, "!" + event(2).slice(1), event(3), event(4)]), [])
      assert.strictEqual(state.session?.sequence, 4)
    }))
})

describe("a control payload of 200,000 brackets", () => {
  const brackets = `${"[".repeat(200_000)}${"]".repeat(200_000)}`
  for (
    const [what, frames] of [
      ["hello", [`{"t":null,"s":null,"op":10,"d":${brackets}}`]],
      ["READY", [hello, `{"t":"READY","s":1,"op":0,"d":${brackets}}`]],
      ["READY in its id", [hello, `{"t":"READY","s":1,"op":0,"d":{"session_id":${brackets}}}`]],
      ["invalid session", [hello, ready, `{"op":9,"d":${brackets}}`]]
    ] as const
  ) {
    it.effect(`is refused as ${what}, with a short reason`, () =>
      Effect.gen(function*() {
        const { reason } = yield* play(frames)
        assert.isTrue(reason?._tag === "Failed" && reason.error._tag === "ProtocolError")
        assert.isBelow(reason === undefined ? 0 : DisconnectLog.describe(reason).length, 400)
      }))
  }
})
