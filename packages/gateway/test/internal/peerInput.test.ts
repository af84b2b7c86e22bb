import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Receiver from "../../src/internal/connection/receiver.js"
import type { Signal } from "../../src/internal/connection/signal.js"
import { readAll } from "../../src/internal/events/log/index.js"
import * as ShardState from "../../src/internal/state/shardState.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { silent } from "../harness.js"
import { event, hello, play, ready } from "./receiverFixture.js"

describe("a READY", () => {
  const parts: ReadonlyArray<readonly [name: string, d: string]> = [
    ["only an id", "{\"session_id\":\"a\"}"],
    ["no resume URL", "{\"session_id\":\"a\",\"user\":{\"id\":\"1\",\"username\":\"b\"},\"guilds\":[]}"],
    [
      "null in the place of all other fields",
      "{\"session_id\":\"a\",\"resume_gateway_url\":null,\"user\":null,\"guilds\":null}"
    ],
    ["fields of other types", "{\"session_id\":\"a\",\"resume_gateway_url\":7,\"user\":{\"id\":8},\"guilds\":{}}"],
    ["an empty resume URL", "{\"session_id\":\"a\",\"resume_gateway_url\":\"\"}"],
    ["a user without a name", "{\"session_id\":\"a\",\"user\":{\"id\":\"1\"}}"]
  ]
  for (const [name, d] of parts) {
    it.effect(`with ${name} begins a session, which is resumed at the gateway URL`, () =>
      Effect.gen(function*() {
        const { isEstablished, reason, state } = yield* play([hello, `{"t":"READY","s":1,"op":0,"d":${d}}`, event(2)])
        assert.isUndefined(reason)
        assert.isTrue(isEstablished)
        assert.deepInclude(state.session, { id: "a", sequence: 2, resumeUrl: undefined })
      }))
  }

  for (const url of [`wss://resume.example/${"x".repeat(500)}`, "wss://resume\n.example", "http://resume.example"]) {
    it.effect(`with the resume URL ${JSON.stringify(url.slice(0, 30))} is resumed at the gateway URL, with a diagnostic`, () =>
      Effect.gen(function*() {
        const d = JSON.stringify({ session_id: "a", resume_gateway_url: url })
        const { noticed, state } = yield* play([hello, `{"t":"READY","s":1,"op":0,"d":${d}}`])
        assert.deepInclude(state.session, { id: "a", resumeUrl: undefined })
        assert.include(noticed.map(({ _tag }) => _tag), "UnsafeResumeUrl")
      }))
  }

  for (const id of ["", null, 7]) {
    it.effect(`with the id ${JSON.stringify(id)} is a protocol error`, () =>
      Effect.gen(function*() {
        const d = JSON.stringify({ session_id: id, resume_gateway_url: "wss://resume.example" })
        const { reason } = yield* play([hello, `{"t":"READY","s":1,"op":0,"d":${d}}`])
        assert.isTrue(reason?._tag === "Failed" && reason.error._tag === "ProtocolError")
      }))
  }
})

describe("messages that begin with a byte order mark", () => {
  const frames = [hello, ready, event(2), event(3)].map((text) => `\ufeff${text}`)

  it.effect("are read as text", () =>
    Effect.gen(function*() {
      const { reason, state } = yield* play(frames)
      assert.isUndefined(reason)
      assert.strictEqual(state.session?.sequence, 3)
    }))

  it.effect("are read as inflated bytes", () =>
    Effect.gen(function*() {
      const config = Either.getOrThrow(ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none }))
      const state = yield* ShardState.make(ShardId.single, config, silent)
      const signals: Array<Signal> = []
      const inflater = { inflate: (frame: Uint8Array) => frame, bytesIn: () => 0, bytesOut: () => 0 }
      const receiver = Receiver.make(
        state,
        Option.some(inflater),
        yield* Effect.clock,
        (signal) => signals.push(signal)
      )
      frames.forEach((frame) => receiver.onFrame(new TextEncoder().encode(frame), true))
      assert.strictEqual(state.session?.sequence, 3)
      assert.isFalse(signals.some(({ _tag }) => _tag === "Ended"))
    }))
})

describe("a control payload of more than 16 KiB", () => {
  const padding = "x".repeat(20_000)
  for (
    const [what, frames] of [
      ["hello", [hello.replace("\"op\":10", `"op":10,"padding":"${padding}"`)]],
      ["invalid session", [hello, ready, `{"op":9,"d":true,"padding":"${padding}"}`]]
    ] as const
  ) {
    it.effect(`is refused as ${what}`, () =>
      Effect.gen(function*() {
        const { reason } = yield* play(frames)
        assert.isTrue(reason?._tag === "Failed" && reason.error._tag === "ProtocolError")
      }))
  }

  it.effect("is not kept for readers of messages", () =>
    Effect.gen(function*() {
      const { receiver, state } = yield* play([hello, ready])
      const reader = state.readers.open(readAll("a test"))
      reader.cursors.forEach((cursor) => {
        cursor.wantsControls = true
      })
      receiver.onFrame(`{"op":11,"d":null,"padding":"${padding}"}`, false)
      receiver.onFrame(`{"op":11,"d":null}`, false)
      const items = Array.from({ length: 3 }, () => reader.next())
      assert.deepStrictEqual(items.flatMap((item) => item?._tag === "Control" ? [item.text.length] : []), [18])
    }))
})

describe("text of the gateway", () => {
  const text = `\\u001b[2J${"x".repeat(1_000)}`
  const assertClean = (shown: string | undefined) => {
    assert.match(shown ?? "", /^\w+\[2Jx{100,}…$/)
    assert.isAtMost(shown?.length ?? Infinity, 201)
  }

  it.effect("has no control characters and is cut in a READY: the session's id, and the bot's id and name", () =>
    Effect.gen(function*() {
      const d = `"session_id":"a${text}","user":{"id":"1${text}","username":"vesper${text}"}`
      const { noticed, state } = yield* play([hello, ready.replace("\"session_id\":\"a\"", d)])
      const [name] = noticed.flatMap((diagnostic) => diagnostic._tag === "Ready" ? Option.toArray(diagnostic.name) : [])
      for (const shown of [name, state.userId, state.session?.id]) {
        assertClean(shown)
      }
    }))

  it.effect("has no control characters and is cut in the name of an event before the session", () =>
    Effect.gen(function*() {
      const early = event(1).replace("TYPING_START", `TYPING${text}`)
      const { noticed } = yield* play([early, hello, early])
      const names = noticed.flatMap((diagnostic) => diagnostic._tag === "EarlyEvent" ? [diagnostic.eventType] : [])
      assert.strictEqual(names.length, 2)
      names.forEach(assertClean)
    }))
})
