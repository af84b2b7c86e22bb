import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type { APIMessage, GatewayTypingStartDispatchData } from "discord-api-types/v10"
import { GatewayDispatchEvents } from "discord-api-types/v10"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Control from "../src/Control.js"
import * as Dispatch from "../src/Dispatch.js"
import * as EventType from "../src/EventType.js"
import * as Intents from "../src/Intents.js"
import * as Opcode from "../src/Opcode.js"

describe("event types", () => {
  it("are all those that discord-api-types knows", () => {
    assert.sameMembers([...EventType.all], Object.values(GatewayDispatchEvents).map(String))
  })

  it("come with the intents that gate them", () => {
    assert.isTrue(EventType.isAllowedBy("MESSAGE_CREATE", Intents.of("DirectMessages")))
    assert.isTrue(EventType.isAllowedBy("MESSAGE_CREATE", Intents.of("GuildMessages")))
    assert.isFalse(EventType.isAllowedBy("MESSAGE_CREATE", Intents.of("Guilds")))
    assert.isTrue(EventType.isAllowedBy("INTERACTION_CREATE", Intents.none))
    assert.deepStrictEqual(EventType.fromIntents(Intents.all), EventType.all)
    assert.include(EventType.fromIntents(Intents.none), "READY")
    assert.notInclude(EventType.fromIntents(Intents.none), "GUILD_CREATE")
  })

  it("are no properties that every object has", () => {
    assert.isFalse(EventType.isKnown("toString"))
    assert.isFalse(Opcode.isKnown(Number.NaN))
  })
})

describe("a dispatch", () => {
  it("is narrowed by its name to the type of discord-api-types", () => {
    const narrow = (event: Dispatch.Dispatch) => {
      if (event.t === "MESSAGE_CREATE") {
        expectTypeOf(event.d).toExtend<Pick<APIMessage, "id" | "content" | "author">>()
        return event.d.content
      }
      if (event.t === "UnknownDispatch") {
        expectTypeOf(event.d).toEqualTypeOf<unknown>()
        return event.name
      }
      return event.t
    }
    expectTypeOf<Dispatch.DataOf<"TYPING_START">>().toEqualTypeOf<GatewayTypingStartDispatchData>()
    expectTypeOf<Dispatch.Dispatch["t"]>().toEqualTypeOf<EventType.EventType | "UnknownDispatch">()
    assert.strictEqual(narrow(Dispatch.fromPayload({ op: 0, t: "NEW_THING", s: 3, d: [1] })), "NEW_THING")
  })

  it("of an unknown name keeps everything, and is never mistaken for a known one", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string(), FastCheck.jsonValue(), (t, d) => {
      FastCheck.pre(!EventType.isKnown(t))
      const event = Dispatch.fromPayload({ op: 0, t, s: 1, d })
      assert.deepStrictEqual(event, { op: 0, t: "UnknownDispatch", name: t, s: 1, d })
      assert.isFalse(Dispatch.is("READY")(event))
      assert.isTrue(Dispatch.isUnknown()(event))
      assert.isTrue(Dispatch.isUnknown("OTHER", t)(event))
      assert.isFalse(Dispatch.isUnknown(`${t}!`)(event))
      assert.strictEqual(Dispatch.name(event), t)
    }))
  })

  it("of a known name is not an unknown one", () => {
    for (const t of EventType.all) {
      const event = Dispatch.fromPayload({ op: 0, t, s: 1, d: {} })
      assert.isFalse(Dispatch.isUnknown()(event))
      assert.isFalse(Dispatch.isUnknown(t)(event))
      assert.strictEqual(Dispatch.name(event), t)
    }
  })

  it("can be picked by several names", () => {
    const event = Dispatch.fromPayload({ op: 0, t: "TYPING_START", s: 1, d: {} })
    const isEither = Dispatch.is("TYPING_START", "MESSAGE_CREATE")
    assert.isTrue(isEither(event))
    if (isEither(event)) {
      expectTypeOf(event.t).toEqualTypeOf<"TYPING_START" | "MESSAGE_CREATE">()
    }
  })
})

describe("control payloads", () => {
  const hellos: ReadonlyArray<readonly [payload: unknown, isHello: boolean]> = [
    [{ op: 10, d: { heartbeat_interval: 41250, _trace: [] }, t: null, s: null }, true],
    [{ op: 10, d: {} }, false],
    [{ op: 10, d: { heartbeat_interval: "41250" } }, false],
    [{ op: 10, d: { heartbeat_interval: 0 } }, false],
    [{ op: 10, d: { heartbeat_interval: -1 } }, false],
    [{ op: 10, d: null }, false],
    [undefined, false]
  ]
  for (const [payload, isHello] of hellos) {
    it(`${JSON.stringify(payload)} is ${isHello ? "a" : "no"} hello`, () => {
      assert.strictEqual(Either.isRight(Control.decodeHello(payload)), isHello)
    })
  }

  it("READY is read for its session, the rest is left alone", () => {
    const d = { session_id: "a", resume_gateway_url: "wss://resume.example", user: { id: "1" } }
    const ready = Control.decodeReady({ op: 0, t: "READY", s: 1, d })
    assert.strictEqual(Either.getOrThrow(ready).d.session_id, "a")
    assert.isTrue(Either.isLeft(Control.decodeReady({ op: 0, t: "READY", s: 1, d: { ...d, session_id: "" } })))
  })

  it("an invalid session says whether it can be resumed", () => {
    assert.isTrue(Either.getOrThrow(Control.decodeInvalidSession({ op: 9, d: true })).d)
    assert.isTrue(Either.isLeft(Control.decodeInvalidSession({ op: 9, d: null })))
  })

  it("opcodes know who sends them", () => {
    assert.deepStrictEqual([0, 1, 2, 6, 7, 9, 10, 11, 43, 5].map((op) => [Opcode.isSent(op), Opcode.isReceived(op)]), [
      [false, true],
      [true, true],
      [true, false],
      [true, false],
      [false, true],
      [false, true],
      [false, true],
      [false, true],
      [true, false],
      [false, false]
    ])
  })
})
