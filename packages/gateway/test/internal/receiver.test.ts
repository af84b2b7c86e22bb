import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Receiver from "../../src/internal/receiver.js"
import * as ShardState from "../../src/internal/shardState.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { silent } from "../harness.js"

const hello = "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":1000}}"
const reconnect = "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}"
const ready =
  "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"a\",\"resume_gateway_url\":\"wss://resume.example\",\"v\":10}}"
const event = (s: number) => `{"t":"TYPING_START","s":${s},"op":0,"d":{}}`

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
      const reader = state.readers.open({
        name: "a test",
        wanted: undefined,
        strategy: "suspend",
        droppable: undefined,
        capacity: undefined,
        acknowledges: true,
        wantsNotices: false
      })
      assert.deepStrictEqual([reader.next()?._tag, reader.next()?._tag, reader.next()], ["Dispatch", "Dispatch", undefined])
      assert.isFalse(state.log.flow.isPaused)
      receiver.onFrame(event(4), false)
      assert.strictEqual(state.session?.sequence, 2)
    }))
})
