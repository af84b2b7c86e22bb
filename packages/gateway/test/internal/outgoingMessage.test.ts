import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { vi } from "vitest"
import * as Forward from "../../src/internal/fleet/reshard/forwardCommands.js"
import * as Kind from "../../src/internal/commands/kind.js"
import * as Order from "../../src/internal/commands/order.js"
import * as Outgoing from "../../src/internal/commands/outgoingMessage.js"
import * as CommandQueue from "../../src/internal/commands/queue.js"
import type { ShardState } from "../../src/internal/state/shardState.js"
import * as WriteMessage from "../../src/internal/commands/writeMessage.js"
import * as Presence from "../../src/internal/commands/currentPresence.js"
import * as Counters from "../../src/internal/state/counters.js"

const presence = (state: string): Command.PresenceUpdate => ({
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "idle", activities: [{ name: "é", type: 4, state }] }
})

/** Checks that payload, text and bytes of a command agree. */
const assertAgrees = (made: Either.Either<Outgoing.OutgoingCommand, unknown>) => {
  const { bytes, kind, payload, text } = Either.getOrThrow(made)
  assert.deepStrictEqual(JSON.parse(text), payload)
  assert.strictEqual(bytes, Buffer.byteLength(text))
  assert.deepStrictEqual(kind, Kind.of(payload))
}

const texts = FastCheck.fullUnicodeString({ maxLength: 100 })

describe("a command on its way", () => {
  it("has payload, text, bytes and kind that agree, whichever way it was given", () => {
    FastCheck.assert(
      FastCheck.property(texts, (state) => {
        assertAgrees(Outgoing.fromCommand(presence(state)))
        assertAgrees(Outgoing.fromValidated(Command.updatePresence(presence(state).d)))
        assertAgrees(Outgoing.fromJson(JSON.stringify(presence(state))))
        assertAgrees(Outgoing.fromJson(JSON.stringify({ op: 99, d: state })))
      }),
      { seed: 18 }
    )
  })

  it("keeps the JSON that the program gave, byte for byte", () => {
    const json = "{ \"d\": \"\\u00e9\",  \"op\": 99 }"
    assert.strictEqual(Either.getOrThrow(Outgoing.fromJson(json)).text, json)
  })

  it("is not affected by later changes to the object that the program gave", () => {
    const given = presence("before")
    const made = Either.getOrThrow(Outgoing.fromCommand(given))
    Object.assign(given.d, { status: "dnd" })
    assert.deepStrictEqual(JSON.parse(made.text), made.payload)
  })

  it.effect("is parsed and encoded once, from the caller over another shard's queue to the socket", () =>
    Effect.gen(function*() {
      const json = JSON.stringify(presence("a"))
      const parse = vi.spyOn(JSON, "parse")
      const stringify = vi.spyOn(JSON, "stringify")
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          parse.mockRestore()
          stringify.mockRestore()
        })
      )
      const [from, to] = [CommandQueue.make(4), CommandQueue.make(4)]
      const counters = Counters.make()
      const written: Array<string> = []
      const connection: WriteMessage.MessageTarget = {
        socket: {
          unsafeWrite: (text, onWritten) => {
            written.push(text)
            onWritten(Either.void)
          }
        },
        state: { counters }
      }
      const state: Pick<ShardState, "presence" | "shownPresence"> = {
        presence: Option.none(),
        shownPresence: undefined
      }
      from.unsafeForward((command) => {
        assert.deepStrictEqual(Forward.targets(command, ShardId.single, 2), [0, 1])
        return [to]
      })
      yield* Effect.fork(Effect.flatMap(Outgoing.fromJson(json), (command) => from.send(command)))
      yield* Effect.yieldNow()
      yield* to.writeNext(Order.noneLimited, (command) => {
        Presence.remember(state, command)
        return WriteMessage.write(connection, command)
      })
      assert.strictEqual(parse.mock.calls.length, 1)
      // Once for the presence that is stored with the session; the command itself is not encoded again.
      assert.strictEqual(stringify.mock.calls.length, 1)
      assert.strictEqual(written[0], json)
      assert.strictEqual(counters.bytesSent, Buffer.byteLength(json))
      assert.strictEqual(counters.commandsSent, 1)
      assert.deepStrictEqual(state.presence, Option.some(presence("a").d))
    }).pipe(Effect.scoped))
})

describe("the shard's own messages", () => {
  it("are measured in bytes of UTF-8", () => {
    const identify = Command.identify({
      token: Redacted.make("é"),
      intents: 1,
      properties: { os: "ü", browser: "", device: "" }
    })
    for (
      const message of [
        Outgoing.heartbeat(251),
        Outgoing.heartbeat(null),
        Outgoing.handshake("identify", Command.encode(identify))
      ]
    ) {
      assert.strictEqual(message.bytes, Buffer.byteLength(message.text))
    }
  })
})
