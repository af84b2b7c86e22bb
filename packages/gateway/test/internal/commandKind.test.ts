import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as CommandKind from "../../src/internal/commandKind.js"

const { Plain, Presence, VoiceState } = CommandKind.Kind

const kinds: ReadonlyArray<readonly [payload: unknown, kind: CommandKind.Kind]> = [
  [{ op: 3, d: {} }, Presence()],
  [{ op: 3 }, Presence()],
  [{ op: 4, d: { guild_id: "1", channel_id: null } }, VoiceState({ guildId: "1" })],
  [{ op: 4, d: { guild_id: 1 } }, Plain()],
  [{ op: 4, d: null }, Plain()],
  [{ op: 8, d: { guild_id: "1" } }, Plain()],
  [{ op: "3" }, Plain()],
  [[3], Plain()],
  ["3", Plain()],
  [null, Plain()]
]

const anyKind = FastCheck.oneof(
  FastCheck.constant<CommandKind.Kind>(Plain()),
  FastCheck.constant<CommandKind.Kind>(Presence()),
  FastCheck.constantFrom("1", "2", "3").map((guildId): CommandKind.Kind => VoiceState({ guildId }))
)
const anyQueue = FastCheck.array(FastCheck.record({ kind: anyKind, isWriting: FastCheck.boolean() }))

describe("the kind of a command", () => {
  for (const [payload, kind] of kinds) {
    it(`${JSON.stringify(payload)} is ${kind._tag}`, () => {
      assert.isTrue(Equal.equals(CommandKind.of(payload), kind))
    })
  }
})

describe("a command takes over", () => {
  it("the first place of its kind that is not being written, and a plain one none", () => {
    FastCheck.assert(FastCheck.property(anyQueue, anyKind, (queue, kind) => {
      const index = CommandKind.takesOver(queue, kind)
      const fits = queue.map((place) => kind._tag !== "Plain" && Equal.equals(place.kind, kind) && !place.isWriting)
      assert.strictEqual(index, fits.indexOf(true))
    }))
  })

  it("so that a queue filled by it holds one presence at most, and one voice state of each guild", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(anyKind, { maxLength: 50 }), (given) => {
      const queue: Array<CommandKind.Place> = []
      for (const kind of given) {
        if (CommandKind.takesOver(queue, kind) === -1) {
          queue.push({ kind, isWriting: false })
        }
      }
      const count = (kind: CommandKind.Kind) => queue.filter((place) => Equal.equals(place.kind, kind)).length
      const states = [Presence(), ...["1", "2", "3"].map((guildId) => VoiceState({ guildId }))]
      assert.isTrue(states.every((kind) => count(kind) <= 1))
      assert.strictEqual(count(Plain()), given.filter(({ _tag }) => _tag === "Plain").length)
    }))
  })
})

describe("the next command", () => {
  it("is the first, or the first that is no presence while presences are held", () => {
    FastCheck.assert(FastCheck.property(anyQueue, (queue) => {
      assert.strictEqual(CommandKind.next(queue, false), queue.length === 0 ? -1 : 0)
      assert.strictEqual(CommandKind.next(queue, true), queue.map(({ kind }) => kind._tag !== "Presence").indexOf(true))
    }))
  })
})
