/** After opcode 9 a client may begin again on the same connection, or on another one. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Fault from "../src/Fault.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import { connect, identifyBody, violations } from "./client.js"

const layer = GatewaySimulator.layerInMemory()
const strict = GatewaySimulator.layerInMemory({ strictInvalidSession: true })

const invalidated = (resumable: boolean) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const client = yield* connect()
    yield* client.send(2, identifyBody())
    const [session] = yield* simulator.sessions
    yield* simulator.inject(Fault.InvalidSession({ resumable }))
    yield* TestClock.adjust("5 seconds")
    const before = client.frames.length
    const responses = () => client.received().slice(before).map(({ op, s, t }) => [op, t, s])
    return { ...client, simulator, session, responses, resume: { token: "token", session_id: session?.id, seq: 1 } }
  })

describe("a connection whose session was invalidated", () => {
  it.scoped("may identify again, and has a new session", () =>
    Effect.gen(function*() {
      const { responses, send, session, simulator } = yield* invalidated(false)
      yield* send(2, identifyBody())
      assert.deepStrictEqual(responses(), [[0, "READY", 1]])
      const sessions = yield* simulator.sessions
      assert.deepStrictEqual(sessions.map(({ isConnected }) => isConnected), [true])
      assert.notStrictEqual(sessions[0]?.id, session?.id)
      yield* send(1, null)
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("may resume if the session is resumable, and receives what it missed", () =>
    Effect.gen(function*() {
      const { closeCode, responses, resume, send, simulator } = yield* invalidated(true)
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "missed" } })
      assert.deepStrictEqual(responses(), [])
      yield* send(6, resume)
      assert.deepStrictEqual(responses(), [[0, "MESSAGE_CREATE", 2], [0, "RESUMED", 3]])
      assert.isUndefined(closeCode())
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("cannot resume a session that has ended", () =>
    Effect.gen(function*() {
      const { responses, resume, send } = yield* invalidated(false)
      yield* send(6, resume)
      assert.deepStrictEqual(responses(), [[9, null, null]])
    }).pipe(Effect.provide(layer)))

  it.scoped("ignores a command that was sent before opcode 9 was read", () =>
    Effect.gen(function*() {
      const { closeCode, responses, send } = yield* invalidated(true)
      yield* send(3, { since: null, activities: [], status: "online", afk: false })
      assert.deepStrictEqual(responses(), [])
      assert.isUndefined(closeCode())
    }).pipe(Effect.provide(layer)))

  it.scoped("may be replaced by another one, which resumes the session", () =>
    Effect.gen(function*() {
      const { connection, resume } = yield* invalidated(true)
      yield* connection.close({ code: 4000, reason: "" })
      const another = yield* connect(undefined, "resume")
      yield* another.send(6, resume)
      assert.deepStrictEqual(another.received().slice(1).map(({ t }) => t), ["RESUMED"])
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer)))

  for (const op of [2, 6]) {
    it.scoped(`is closed with 4005 after opcode ${op} in strict mode`, () =>
      Effect.gen(function*() {
        const { closeCode, resume, send } = yield* invalidated(true)
        yield* send(op, op === 2 ? identifyBody() : resume)
        assert.strictEqual(closeCode(), 4005)
        assert.deepStrictEqual(yield* violations, ["AlreadyAuthenticated"])
      }).pipe(Effect.provide(strict)))
  }
})
