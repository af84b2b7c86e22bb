import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Entry } from "../../../src/internal/events/log/entry.js"
import { Listeners } from "../../../src/internal/events/log/listeners.js"

const session = { id: "a", resumeUrl: undefined, since: 0, sequence: 0 }

const entry = (t: string, body: string) => new Entry(session, t, 1, body, true)

describe("listeners", () => {
  it.effect("receive the events of their name until their scope closes", () =>
    Effect.gen(function*() {
      const listeners = new Listeners()
      const received: Array<string> = []
      const scope = yield* Scope.make()
      yield* Scope.extend(listeners.listen("GUILD_MEMBERS_CHUNK", ({ nonce }) => received.push(`a ${nonce}`)), scope)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* listeners.listen("GUILD_MEMBERS_CHUNK", ({ nonce }) => received.push(`b ${nonce}`))
        yield* listeners.listen("READY", ({ session_id }) => received.push(session_id))
        assert.strictEqual(listeners.count, 3)
        listeners.emit(entry("GUILD_MEMBERS_CHUNK", "{\"nonce\":\"1\"}"))
        listeners.emit(entry("READY", "{\"session_id\":\"x\"}"))
      }))
      assert.deepStrictEqual([listeners.has("GUILD_MEMBERS_CHUNK"), listeners.has("READY")], [true, false])
      listeners.emit(entry("GUILD_MEMBERS_CHUNK", "{\"nonce\":\"2\"}"))
      listeners.emit(entry("READY", "{\"session_id\":\"y\"}"))
      assert.deepStrictEqual(received, ["a 1", "b 1", "x", "a 2"])
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.strictEqual(listeners.count, 0)
    }))

  it.scoped("share one parsed event, and an event without listeners is not parsed", () =>
    Effect.gen(function*() {
      const listeners = new Listeners()
      const bodies = new Set<unknown>()
      yield* listeners.listen("READY", (body) => bodies.add(body))
      yield* listeners.listen("READY", (body) => bodies.add(body))
      const [unheard, heard] = [entry("RESUMED", "{}"), entry("READY", "{}")]
      listeners.emit(unheard)
      listeners.emit(heard)
      assert.isUndefined(unheard.parsed)
      assert.isDefined(heard.parsed)
      assert.strictEqual(bodies.size, 1)
    }))

  it.scoped("do not receive an event whose body cannot be parsed or is not an object", () =>
    Effect.gen(function*() {
      const listeners = new Listeners()
      let received = 0
      yield* listeners.listen("READY", () => received++)
      for (const body of ["{\"a\":", "", "[]", "null", "1"]) {
        listeners.emit(entry("READY", body))
      }
      assert.strictEqual(received, 0)
    }))

  it.scoped("that stop listening while an event is emitted still receive it, and no later one", () =>
    Effect.gen(function*() {
      const listeners = new Listeners()
      const scope = yield* Scope.make()
      let received = 0
      yield* listeners.listen("READY", () => Effect.runSync(Scope.close(scope, Exit.void)))
      yield* Scope.extend(listeners.listen("READY", () => received++), scope)
      listeners.emit(entry("READY", "{}"))
      listeners.emit(entry("READY", "{}"))
      assert.strictEqual(received, 1)
    }))
})
