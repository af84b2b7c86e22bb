import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Kind from "../../src/internal/commands/kind.js"
import * as Order from "../../src/internal/commands/order.js"

const { Bulk, Plain, Presence, VoiceState } = Kind.CommandKind

const kinds: ReadonlyArray<readonly [payload: unknown, kind: Kind.CommandKind]> = [
  [{ op: 3, d: {} }, Presence()],
  [{ op: 3 }, Presence()],
  [{ op: 4, d: { guild_id: "1", channel_id: null } }, VoiceState({ guildId: "1" })],
  [{ op: 4, d: { guild_id: 1 } }, Plain()],
  [{ op: 4, d: null }, Plain()],
  [{ op: 8, d: { guild_id: "1" } }, Bulk()],
  [{ op: 8 }, Bulk()],
  [{ op: 43, d: { guild_id: "1" } }, Bulk()],
  [{ op: 31, d: { guild_ids: ["1"] } }, Plain()],
  [{ op: "3" }, Plain()],
  [[3], Plain()],
  ["3", Plain()],
  [null, Plain()]
]

const anyKind = FastCheck.oneof(
  FastCheck.constant<Kind.CommandKind>(Plain()),
  FastCheck.constant<Kind.CommandKind>(Bulk()),
  FastCheck.constant<Kind.CommandKind>(Presence()),
  FastCheck.constantFrom("1", "2", "3").map((guildId): Kind.CommandKind => VoiceState({ guildId }))
)
const anyQueue = FastCheck.array(FastCheck.record({ kind: anyKind, isWriting: FastCheck.boolean() }))

describe("the kind of a command", () => {
  for (const [payload, kind] of kinds) {
    it(`${JSON.stringify(payload)} is ${kind._tag}`, () => {
      assert.isTrue(Equal.equals(Kind.of(payload), kind))
    })
  }
})

describe("a command replaces", () => {
  it("the first of its kind that is not being written, and a plain one or a bulk request none", () => {
    FastCheck.assert(FastCheck.property(anyQueue, anyKind, (queue, kind) => {
      const isState = kind._tag === "Presence" || kind._tag === "VoiceState"
      const fits = queue.map((place) => isState && Equal.equals(place.kind, kind) && !place.isWriting)
      assert.strictEqual(Order.indexOfReplaced(queue, kind), fits.indexOf(true))
    }))
  })

  it("so that a queue filled by it holds one presence at most, and one voice state of each guild", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(anyKind, { maxLength: 50 }), (given) => {
      const queue: Array<Order.Queued> = []
      for (const kind of given) {
        if (Order.indexOfReplaced(queue, kind) === -1) {
          queue.push({ kind, isWriting: false })
        }
      }
      const count = (kind: Kind.CommandKind) => queue.filter((place) => Equal.equals(place.kind, kind)).length
      const states = [Presence(), ...["1", "2", "3"].map((guildId) => VoiceState({ guildId }))]
      assert.isTrue(states.every((kind) => count(kind) <= 1))
      assert.strictEqual(count(Plain()), given.filter(({ _tag }) => _tag === "Plain").length)
      assert.strictEqual(count(Bulk()), given.filter(({ _tag }) => _tag === "Bulk").length)
    }))
  })
})

describe("the next command", () => {
  const anyHeld = FastCheck.record({ presences: FastCheck.boolean(), bulk: FastCheck.boolean() })

  it("is the first that is not held, and a bulk request only after the others", () => {
    FastCheck.assert(FastCheck.property(anyQueue, anyHeld, (queue, held) => {
      const tags = queue.map(({ kind }) => kind._tag)
      const other = tags.findIndex((tag) => tag !== "Bulk" && !(held.presences && tag === "Presence"))
      const bulk = held.bulk ? -1 : tags.indexOf("Bulk")
      assert.strictEqual(Order.indexOfNext(queue, held, 0), other === -1 ? bulk : other)
    }))
  })

  it("is a bulk request after four others, unless those are held", () => {
    FastCheck.assert(FastCheck.property(anyQueue, anyHeld, (queue, held) => {
      const bulk = held.bulk ? -1 : queue.findIndex(({ kind }) => kind._tag === "Bulk")
      assert.strictEqual(Order.indexOfNext(queue, held, 4), bulk === -1 ? Order.indexOfNext(queue, held, 0) : bulk)
    }))
  })

  it("is a bulk request once in five, while both kinds wait", () => {
    FastCheck.assert(FastCheck.property(FastCheck.integer({ min: 1, max: 60 }), (length) => {
      const queue = [Bulk(), ...Array.from({ length: 200 }, () => Plain())].map((kind) => ({ kind, isWriting: false }))
      const written: Array<string> = []
      let passed = 0
      for (let i = 0; i < length; i++) {
        const kind = queue[Order.indexOfNext(queue, Order.noneLimited, passed)]?.kind ?? Plain()
        written.push(kind._tag)
        passed = Order.countPassed(queue, kind, passed)
      }
      assert.deepStrictEqual(written, written.map((_, i) => i % 5 === 4 ? "Bulk" : "Plain"))
    }))
  })

  it("does not count what passed while no bulk request waited", () => {
    assert.strictEqual(Order.countPassed([{ kind: Plain(), isWriting: false }], Plain(), 3), 0)
  })
})
