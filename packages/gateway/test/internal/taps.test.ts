import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Kind from "../../src/internal/commands/kind.js"
import * as MemberRequest from "../../src/internal/requests/memberRequest.js"
import * as ShardState from "../../src/internal/shardState.js"
import * as Taps from "../../src/internal/taps.js"
import * as VoiceState from "../../src/internal/requests/voiceState.js"
import * as ShardConfig from "../../src/ShardConfig.js"

const event = (t: string, d: unknown) => [t, () => JSON.stringify({ t, s: 1, op: 0, d })] as const

describe("taps", () => {
  it.effect("let each listener hear the events of its name, until its scope closes", () =>
    Effect.gen(function*() {
      const taps = Taps.make()
      const heard: Array<string> = []
      const scope = yield* Scope.make()
      yield* Scope.extend(taps.listen("GUILD_MEMBERS_CHUNK", ({ nonce }) => heard.push(`a ${nonce}`)), scope)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* taps.listen("GUILD_MEMBERS_CHUNK", ({ nonce }) => heard.push(`b ${nonce}`))
        yield* taps.listen("READY", ({ session_id }) => heard.push(session_id))
        assert.strictEqual(taps.listeners, 3)
        taps.unsafeTell(...event("GUILD_MEMBERS_CHUNK", { nonce: "1" }))
        taps.unsafeTell(...event("READY", { session_id: "x" }))
      }))
      taps.unsafeTell(...event("GUILD_MEMBERS_CHUNK", { nonce: "2" }))
      taps.unsafeTell(...event("READY", { session_id: "y" }))
      assert.deepStrictEqual(heard, ["a 1", "b 1", "x", "a 2"])
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.strictEqual(taps.listeners, 0)
    }))

  it.scoped("parse an event once, and none that nobody listens to", () =>
    Effect.gen(function*() {
      const taps = Taps.make()
      yield* taps.listen("READY", () => {})
      yield* taps.listen("READY", () => {})
      let parsed = 0
      const count = () => {
        parsed++
        return "{\"d\":{}}"
      }
      taps.unsafeTell("RESUMED", count)
      assert.strictEqual(parsed, 0)
      taps.unsafeTell("READY", count)
      assert.strictEqual(parsed, 1)
    }))

  it.scoped("pass over what is damaged or has no body", () =>
    Effect.gen(function*() {
      const taps = Taps.make()
      let heard = 0
      yield* taps.listen("READY", () => heard++)
      for (const text of ["{\"d\":", "[]", "{\"d\":null}", "{}"]) {
        taps.unsafeTell("READY", () => text)
      }
      assert.strictEqual(heard, 0)
    }))
})

describe("an interrupted request", () => {
  const state = Effect.flatMap(
    ShardConfig.make({ token: Redacted.make("token"), intents: Intents.all }),
    (config) => ShardState.make(ShardId.single, config)
  )

  for (const what of ["while it waits to be sent", "while it waits for the answer"]) {
    it.effect(`leaves nothing behind, ${what}`, () =>
      Effect.gen(function*() {
        const shard = yield* state
        const members = yield* Effect.fork(
          Stream.runDrain(MemberRequest.make(shard)({ guild_id: "1", query: "", limit: 0 }))
        )
        const voice = yield* Effect.fork(
          VoiceState.update(shard)({ guild_id: "1", channel_id: "2", self_deaf: true, self_mute: true })
        )
        yield* TestClock.adjust(0)
        assert.strictEqual(shard.taps.listeners, 6)
        assert.strictEqual(shard.commands.unsafeSize(), 2)
        if (what === "while it waits for the answer") {
          yield* Effect.repeatN(shard.commands.writeNext(Kind.nothingHeld, () => Effect.void), 1)
        }
        yield* TestClock.adjust(0)
        yield* Fiber.interruptAll([members, voice])
        assert.strictEqual(shard.taps.listeners, 0)
        assert.strictEqual(shard.commands.unsafeSize(), 0)
      }))
  }
})
