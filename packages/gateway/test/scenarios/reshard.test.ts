import { assert, describe, it } from "@effect/vitest"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Clock from "effect/Clock"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Fleet from "../../src/Fleet.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import { entries, layer, type Options } from "../harness.js"

const simulator = GatewaySimulator.GatewaySimulator
const inject: GatewaySimulator.GatewaySimulator["inject"] = (fault, target) =>
  Effect.flatMap(Effect.orDie(Effect.serviceOptional(simulator)), (_) => _.inject(fault, target))

const guilds = 40
const world = World.make({ seed: 11, guilds, membersPerGuild: 2 })
/** Places of events: guilds, or a direct message. */
const places: ReadonlyArray<string | undefined> = [undefined, ...world.guilds.map(({ id }) => id)]

/** Sends numbered events in all places, and records the received ones. */
const makeLoad = Effect.sync(() => {
  const sent = new Map<string | undefined, number>()
  const got = new Map<string | undefined, Array<number>>()
  let ids = 1
  const sendOne = Effect.gen(function*() {
    const gateway = yield* simulator
    const place = places[yield* Random.nextIntBetween(0, places.length)]
    const n = (sent.get(place) ?? 0) + 1
    sent.set(place, n)
    // Some events have an id, some do not, and some have the contents of earlier ones.
    const kind = yield* Random.nextIntBetween(0, 3)
    const where = place === undefined ? {} : { guild_id: place }
    yield* gateway.dispatch({
      t: kind === 0 ? "MESSAGE_CREATE" : "TYPING_START",
      d: kind === 0 ? { ...where, id: String(ids++), n } : { ...where, n },
      guildId: place
    })
  })
  const receive = ({ event }: Fleet.FleetEvent) =>
    Effect.sync(() => {
      const body: unknown = event.d
      if (Predicate.isRecord(body) && typeof body["n"] === "number") {
        const place = typeof body["guild_id"] === "string" ? body["guild_id"] : undefined
        got.set(place, [...got.get(place) ?? [], body["n"]])
      }
    })
  return {
    send: Effect.forever(Effect.zipRight(sendOne, Effect.sleep("40 millis"))),
    receive,
    total: () => Array.from(sent.values()).reduce((a, b) => a + b, 0),
    assertComplete: () => {
      for (const [place, count] of sent) {
        assert.deepStrictEqual(got.get(place), Array.from({ length: count }, (_, i) => i + 1), `in ${place}`)
      }
    }
  }
})

type Load = Effect.Effect.Success<typeof makeLoad>

/** A fleet of four under load, on a virtual clock. */
const underLoad = (
  options: Options & { readonly isLossy?: boolean },
  program: (
    fleet: Fleet.Fleet,
    load: Load
  ) => Effect.Effect<void, unknown, GatewaySimulator.GatewaySimulator | Scope.Scope>
) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const life = Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 4 } })
      const load = yield* makeLoad
      yield* fleet.awaitReady
      yield* Effect.forkScoped(fleet.runForEach(load.receive))
      const sending = yield* Effect.forkScoped(load.send)
      yield* program(fleet, load)
      yield* Effect.sleep("30 seconds")
      yield* Fiber.interrupt(sending)
      yield* Effect.sleep("30 seconds")
      if (options.isLossy !== true) {
        load.assertComplete()
      }
      assert.deepStrictEqual(yield* Effect.flatMap(simulator, (_) => _.violations), [])
    })
    yield* life.pipe(
      Effect.scoped,
      Effect.withRandom(Random.make("reshard")),
      Effect.provide(layer({
        ...options,
        maxConcurrency: 2,
        simulator: { world, maxConcurrency: 2, latency: "15 millis", ...options.simulator }
      })),
      clock.run
    )
  })

/** The connections of the new set, in the order of their identifies. */
const newConnections = Effect.map(entries("Identified"), (all) => all.slice(4).map(({ connection }) => connection))

const totals = Effect.map(
  Effect.flatMap(simulator, (_) => _.sessions),
  (sessions) => sessions.filter(({ isConnected }) => isConnected).map(({ total }) => total)
)

describe("a fleet that is resharded from 4 to 16 under load", () => {
  it.live("delivers each event once and in its guild's order, and leaves only the new shards", () =>
    underLoad({}, (fleet, load) =>
      Effect.gen(function*() {
        yield* Effect.sleep("5 seconds")
        const before = load.total()
        const started = yield* Clock.currentTimeMillis
        yield* fleet.reshard(16)
        const took = (yield* Clock.currentTimeMillis) - started
        // Sixteen identifies in two buckets, then silence in the quietest guild, then the last copies of the old set.
        assert.isAbove(took, 35_000)
        assert.isBelow(took, 90_000)
        assert.isAbove(load.total() - before, 500)
        assert.strictEqual((yield* fleet.status).total, 16)
        assert.deepStrictEqual(yield* totals, Array.from({ length: 16 }, () => 16))
        assert.isTrue(Option.isNone((yield* fleet.status).resharding))
        const shard = yield* fleet.shardOfGuild(places[1] ?? "")
        assert.strictEqual(Option.getOrThrow(shard).id.total, 16)
      })))

  it.live("does so while connections of both sets drop, are asked to reconnect, or lose their new session", () =>
    underLoad({}, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(fleet.reshard(16))
        for (let i = 0; i < 12; i++) {
          yield* Effect.sleep("4 seconds")
          yield* inject(Fault.Drop(), { shard: i % 4 })
          yield* inject(Fault.Reconnect(), { shard: (i * 5) % 16 })
          const connection = (yield* newConnections)[i]
          if (i % 4 === 2 && connection !== undefined) {
            // The old shard delivers the events that a new shard misses without its session.
            yield* inject(Fault.InvalidSession({ resumable: false }), { connection })
          }
        }
        yield* Fiber.join(resharding)
        assert.strictEqual((yield* fleet.status).total, 16)
        assert.isAbove((yield* entries("Resumed")).length, 8)
        assert.isAbove((yield* entries("Identified")).length, 20)
      })))

  it.live("does so with handlers that are slower than the gateway", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make(1_700_000_000_000)
      yield* Effect.gen(function*() {
        const fleet = yield* Fleet.make({ shards: { total: 4 } })
        const load = yield* makeLoad
        yield* fleet.awaitReady
        yield* Effect.forkScoped(
          fleet.runForEach((event) => Effect.zipRight(Effect.sleep("45 millis"), load.receive(event)))
        )
        const sending = yield* Effect.forkScoped(load.send)
        const resharding = yield* Effect.fork(fleet.reshard(8))
        yield* Effect.sleep("1 minute")
        yield* Fiber.interrupt(sending)
        yield* Fiber.join(resharding)
        yield* Effect.sleep("1 minute")
        load.assertComplete()
        assert.isAbove(load.total(), 1_000)
      }).pipe(
        Effect.scoped,
        Effect.withRandom(Random.make("slow")),
        Effect.provide(layer({
          config: { eventBufferSize: 16 },
          maxConcurrency: 4,
          simulator: { world, maxConcurrency: 4, latency: "5 millis" }
        })),
        clock.run
      )
    }))
})

describe("an event that is not handled yet", () => {
  it.live("counts as unhandled in the new session too, though its copy there was dropped", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make(1_700_000_000_000)
      yield* Effect.gen(function*() {
        const gateway = yield* simulator
        const fleet = yield* Fleet.make({ shards: { total: 1 } })
        const isReleased = yield* Effect.makeLatch(false)
        const handled: Array<string> = []
        yield* fleet.awaitReady
        yield* Effect.forkScoped(fleet.runForEach(({ event }) =>
          event.t === "MESSAGE_CREATE"
            ? Effect.zipRight(isReleased.await, Effect.sync(() => handled.push(event.d.id)))
            : Effect.void
        ))
        const resharding = yield* Effect.fork(fleet.reshard(2))
        yield* Effect.sleep("12 seconds")
        assert.strictEqual(Option.getOrThrow((yield* fleet.status).resharding)._tag, "HandOver")
        const [guild] = world.guilds
        yield* gateway.dispatch({ t: "MESSAGE_CREATE", d: { guild_id: guild?.id, id: "77" }, guildId: guild?.id })
        yield* Fiber.join(resharding)
        const shard = Option.getOrThrow(yield* fleet.shardOfGuild(guild?.id ?? ""))
        const known = Effect.map(shard.session, (session) => Option.getOrThrow(session))
        const received = Effect.map(
          gateway.sessions,
          (sessions) => sessions.find(({ shard: id, total }) => total === 2 && id === shard.id.id)?.sequence ?? 0
        )
        // A resume of this session receives the message again.
        assert.strictEqual((yield* known).sequence, (yield* received) - 1)
        yield* isReleased.open
        yield* Effect.sleep("1 second")
        assert.deepStrictEqual(handled, ["77"])
        assert.strictEqual((yield* known).sequence, yield* received)
      }).pipe(
        Effect.scoped,
        Effect.provide(layer({
          config: { acknowledge: "onHandled" },
          maxConcurrency: 2,
          simulator: { world, maxConcurrency: 2, latency: "15 millis" }
        })),
        clock.run
      )
    }))
})

describe("a bot in two processes", () => {
  it.live("is resharded by both of them, each its bucket, and no event is lost or doubled", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make(1_700_000_000_000)
      yield* Effect.gen(function*() {
        const load = yield* makeLoad
        const fleets = yield* Effect.forEach([0, 1], (bucket) => Fleet.make({ shards: { bucket, of: 2, total: 4 } }))
        yield* Effect.forEach(fleets, (fleet) =>
          Effect.zipRight(
            fleet.awaitReady,
            Effect.forkScoped(
              fleet.runForEach(load.receive)
            )
          ))
        const sending = yield* Effect.forkScoped(load.send)
        yield* Effect.forEach(fleets, (fleet) => fleet.reshard(6), { concurrency: "unbounded" })
        yield* Effect.sleep("30 seconds")
        yield* Fiber.interrupt(sending)
        yield* Effect.sleep("30 seconds")
        load.assertComplete()
        const ids = yield* Effect.forEach(
          fleets,
          ({ shards }) => Effect.map(shards, (all) => all.map(({ id }) => id.id))
        )
        assert.deepStrictEqual(ids, [[0, 2, 4], [1, 3, 5]])
        assert.deepStrictEqual(yield* totals, Array.from({ length: 6 }, () => 6))
        assert.deepStrictEqual(yield* Effect.flatMap(simulator, (_) => _.violations), [])
      }).pipe(
        Effect.scoped,
        Effect.withRandom(Random.make("two processes")),
        Effect.provide(layer({ maxConcurrency: 2, simulator: { world, maxConcurrency: 2, latency: "15 millis" } })),
        clock.run
      )
    }))
})

/** The reason of a failure, or the text of another one. */
const reasonOf = (effect: Effect.Effect<void, Fleet.ReshardError | ConfigError.ConfigError>) =>
  Effect.map(Effect.flip(effect), (error) => "reason" in error ? error.reason : error.message)

describe("a resharding that fails", () => {
  it.live("because a new shard is refused leaves the old ones, which have served all the time", () =>
    underLoad({}, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(reasonOf(fleet.reshard(16)))
        yield* Effect.sleep("31 seconds")
        const connection = (yield* newConnections)[5] ?? -1
        yield* inject(Fault.Close({ code: 4011, reason: "Sharding required." }), { connection })
        assert.strictEqual(yield* Fiber.join(resharding), "ShardClosed")
        const { resharding: stage, total } = yield* fleet.status
        assert.deepStrictEqual([total, Option.isNone(stage)], [4, true])
        assert.deepStrictEqual(yield* totals, [4, 4, 4, 4])
      })))

  it.live("because it takes too long can be tried again", () =>
    underLoad({}, (fleet) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(fleet.reshard(16, { timeout: "20 seconds" })), "TimedOut")
        assert.strictEqual((yield* fleet.status).total, 4)
        yield* fleet.reshard(8)
        assert.strictEqual((yield* fleet.status).total, 8)
      })))

  it.live("because nobody waits for it any more leaves the old ones", () =>
    underLoad({}, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(fleet.reshard(16))
        yield* Effect.sleep("15 seconds")
        assert.strictEqual(yield* reasonOf(fleet.reshard(8)), "InProgress")
        yield* Fiber.interrupt(resharding)
        yield* Effect.sleep("30 seconds")
        assert.deepStrictEqual(yield* totals, [4, 4, 4, 4])
      })))

  it.live("in the midst of handing over delivers what only the new shards had", () =>
    underLoad({}, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(reasonOf(fleet.reshard(8)))
        const inHandOver = Effect.map(
          fleet.status,
          ({ resharding: stage }) => Option.exists(stage, ({ _tag }) => _tag === "HandOver")
        )
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("500 millis"), inHandOver), { until: (is) => is })
        // An old shard falls behind, and a new one ends.
        yield* inject(Fault.Drop(), { shard: 1 })
        yield* inject(Fault.Close({ code: 4011, reason: "" }), { connection: (yield* newConnections)[0] ?? -1 })
        assert.strictEqual(yield* Fiber.join(resharding), "ShardClosed")
        assert.strictEqual((yield* fleet.status).total, 4)
      })))

  it.live("before it begins says why", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      yield* Effect.gen(function*() {
        const whole = yield* Fleet.make({ shards: { total: 1 } })
        assert.strictEqual(yield* reasonOf(whole.reshard(0)), "InvalidTotal")
        const part = yield* Fleet.make({ shards: { range: [0, 1], total: 4 } })
        // Guilds of shard 0 of 4 would be on shards 0, 2 and 4 of 6, which have guilds of shard 2 too.
        assert.strictEqual(yield* reasonOf(part.reshard(6)), "Partial")
      }).pipe(Effect.scoped, Effect.provide(layer()), clock.run)
    }))
})

describe("the identifies of a resharding", () => {
  // Four for the first shards, and exactly those of the new ones.
  const budget = { total: 20, remaining: 12, reserve: 0 }

  const loseOldSession = Effect.flatMap(
    entries("Identified"),
    ([first]) => inject(Fault.InvalidSession({ resumable: false }), { connection: first?.connection ?? -1 })
  )

  it.live("are its own, though an old shard has to identify in the middle of it", () =>
    underLoad({ budget, isLossy: true }, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(fleet.reshard(8, { timeout: "5 minutes" }))
        yield* Effect.sleep("7 seconds")
        yield* loseOldSession
        yield* Effect.sleep("1 second")
        // New shard 6 loses its place in the queue and waits behind the old shard 0, which has the same bucket.
        yield* inject(Fault.Drop(), { connection: (yield* entries("Opened"))[4 + 6]?.connection ?? -1 })
        yield* Effect.sleep("8 seconds")
        assert.strictEqual((yield* fleet.status).counts.Connected, 3)
        yield* Fiber.join(resharding)
        assert.deepStrictEqual(yield* totals, [8, 8, 8, 8, 8, 8, 8, 8])
        assert.strictEqual((yield* entries("Identified")).length, 12)
      })))

  it.live("are there for an old shard again once it is given up", () =>
    underLoad({ budget, isLossy: true }, (fleet) =>
      Effect.gen(function*() {
        const resharding = yield* Effect.fork(reasonOf(fleet.reshard(8)))
        yield* Effect.sleep("7 seconds")
        yield* loseOldSession
        yield* Effect.sleep("1 second")
        yield* inject(Fault.Close({ code: 4011, reason: "" }), { connection: (yield* newConnections)[0] ?? -1 })
        assert.strictEqual(yield* Fiber.join(resharding), "ShardClosed")
        yield* Effect.sleep("15 seconds")
        assert.deepStrictEqual(yield* totals, [4, 4, 4, 4])
        assert.strictEqual(yield* reasonOf(fleet.reshard(8)), "Budget")
      })))

  it.scoped("are too few where the queue says so, though it holds nothing", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 2 } })
      assert.strictEqual(yield* reasonOf(fleet.reshard(4)), "Budget")
    }).pipe(
      Effect.provideService(
        IdentifyQueue.IdentifyQueue,
        IdentifyQueue.make(
          () => (identify) => identify,
          Effect.succeedSome({ total: 10, remaining: 4, reserve: 1, resetsAt: Option.none() })
        )
      ),
      Effect.provide(layer())
    ))
})

describe("commands that wait on old shards", () => {
  it.live("move along, and each is sent once", () =>
    underLoad({ config: { commandQueueSize: 512 } }, (fleet) =>
      Effect.gen(function*() {
        const guild = places[1] ?? ""
        const shard = Option.getOrThrow(yield* fleet.shardOfGuild(guild))
        const resharding = yield* Effect.fork(fleet.reshard(16))
        yield* Effect.sleep("30 seconds")
        const nonces = Array.from({ length: 300 }, (_, i) => `n${i}`)
        const sending = yield* Effect.fork(Effect.forEach(nonces, (nonce) =>
          shard.send(JSON.stringify({ op: 8, d: { guild_id: guild, query: "a", limit: 1, nonce } })), {
          concurrency: "unbounded"
        }))
        yield* Fiber.join(resharding)
        // A handle from before the resharding still works.
        yield* shard.send(JSON.stringify({ op: 8, d: { guild_id: guild, query: "a", limit: 1, nonce: "late" } }))
        yield* Effect.ignore(Fiber.join(sending))
        const received = yield* Effect.flatMap(simulator, (_) =>
          _.received(Opcode.RequestGuildMembers))
        const seen = received.map(({ d }) => Predicate.isRecord(d) ? String(d["nonce"]) : "")
        assert.deepStrictEqual(seen.slice().sort(), [...nonces, "late"].sort())
        const byNew = received.filter(LogEntry.is("Received")).filter(({ shard }) =>
          shard === ShardId.shardOf(guild, 16)
        )
        assert.isAbove(byNew.length, 50)
      })))
})
