import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import { entries, inject, layer, startShard } from "../harness.js"

const presence = (name: string): Command.PresenceUpdate => ({
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "online", activities: [{ name, type: 0 }] }
})

/** Returns the names of the presences that each connection received, at its identify and later, in order. */
const told = Effect.map(
  Effect.all([entries("Identified"), entries("Received")]),
  ([identified, received]) =>
    identified.map(({ connection }) =>
      received.filter((entry) => entry.connection === connection).flatMap(({ d, op }) => {
        const shown = op === Opcode.Identify && Predicate.isRecord(d) ? d["presence"] : d
        const valid = Command.validate({ op: Opcode.PresenceUpdate, d: shown })
        return Either.isRight(valid) && valid.right.op === Opcode.PresenceUpdate
          ? valid.right.d.activities.map(({ name }) => name)
          : []
      })
    )
)

const fromTheConfig = layer({ config: { presence: presence("config").d } })

describe("the presence that a command has set", () => {
  const loseSession = Effect.zipRight(inject(Fault.InvalidSession({ resumable: false })), TestClock.adjust("1 minute"))

  it.scoped("is the one that the next session begins with", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust("1 second")
      yield* shard.command(presence("command"))
      yield* loseSession
      assert.deepStrictEqual(yield* told, [["config", "command"], ["command"]])
    }).pipe(Effect.provide(fromTheConfig)))

  it.scoped("is told again by no resume", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust("1 second")
      yield* shard.command(presence("command"))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.deepStrictEqual(yield* told, [["config", "command"]])
    }).pipe(Effect.provide(fromTheConfig)))

  it.scoped("is sent as a command where the next identify has no room for it", () =>
    Effect.gen(function*() {
      const long = presence("command")
      const state = "y".repeat(3_850)
      const shard = yield* startShard
      yield* TestClock.adjust("1 second")
      yield* shard.command({ ...long, d: { ...long.d, activities: [{ name: "long", type: 0, state }] } })
      yield* loseSession
      assert.deepStrictEqual(yield* told, [["config", "long"], ["long"]])
      const [, last] = (yield* entries("Received")).filter(({ op }) => op === Opcode.Identify)
      assert.isFalse(Predicate.isRecord(last?.d) && "presence" in last.d)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("1 minute")
      // The session shows it.
      assert.deepStrictEqual(yield* told, [["config", "long"], ["long"]])
    }).pipe(Effect.provide(fromTheConfig)))

  it.scoped("is forgotten if Discord would refuse it in an identify", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust("1 second")
      yield* shard.send(JSON.stringify({ op: Opcode.PresenceUpdate, d: { status: "asleep" } }))
      yield* loseSession
      assert.deepStrictEqual(yield* told, [["config"], ["config"]])
    }).pipe(Effect.provide(fromTheConfig)))

  it.live("is that of the shards that a fleet is resharded to, also where it changes meanwhile", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make(1_700_000_000_000)
      yield* Effect.gen(function*() {
        const fleet = yield* Fleet.make({ shards: { total: 4 } })
        yield* fleet.awaitReady
        yield* Effect.forkScoped(fleet.runForEach(() => Effect.void))
        yield* fleet.broadcast(presence("before"))
        const resharding = yield* Effect.fork(fleet.reshard(8))
        yield* Effect.sleep("15 seconds")
        const shard = Option.getOrThrow(yield* fleet.shard(1))
        yield* shard.command(presence("meanwhile"))
        yield* Fiber.join(resharding)
        yield* Effect.sleep("5 seconds")
        const ofNew = (yield* told).slice(4).map((names) => names.join(", ")).sort()
        const kept = Array.from({ length: 6 }, () => "before")
        assert.deepStrictEqual(ofNew, [...kept, "before, meanwhile", "before, meanwhile"])
      }).pipe(
        Effect.scoped,
        Effect.provide(layer({
          maxConcurrency: 4,
          simulator: { world: World.make({ seed: 11, guilds: 16, membersPerGuild: 1 }), maxConcurrency: 4 }
        })),
        clock.run
      )
    }))
})
