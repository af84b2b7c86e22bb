import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Events from "../src/Events.js"
import * as Fleet from "../src/Fleet.js"
import * as GatewayApi from "../src/GatewayApi.js"
import * as AutoReshard from "../src/internal/fleet/autoReshard.js"
import * as Diagnostic from "../src/Diagnostic.js"
import * as ShardIds from "../src/internal/fleet/shardIds.js"
import type * as ShardStatus from "../src/ShardStatus.js"
import { entries, inject, layer, withChance } from "./harness.js"

const wide = { maxConcurrency: 16, simulator: { maxConcurrency: 16 } }

const startFleet = (total: number) =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.make({ shards: { total } })
    yield* TestClock.adjust("1 second")
    yield* fleet.awaitReady
    return fleet
  })

const simulator = GatewaySimulator.GatewaySimulator

const typing = (shard: number, n: number) =>
  Effect.flatMap(simulator, (_) => _.dispatch({ t: "TYPING_START", d: { n, guild_id: String(n << 22) }, shard }))

const readNumber = ({ event }: Fleet.FleetEvent): number =>
  // The events of these tests have a number, which is not a field of Discord's types.
  (event.d as unknown as { readonly n: number }).n

const isTyping = ({ event }: Fleet.FleetEvent) => event.t === "TYPING_START"

describe("the shards of a fleet", () => {
  const plans: ReadonlyArray<readonly [Fleet.Options["shards"], ReadonlyArray<number> | undefined]> = [
    [{ total: 3 }, [0, 1, 2]],
    [{ range: [1, 3], total: 5 }, [1, 2, 3]],
    [{ range: [4, 4], total: 5 }, [4]],
    [{ bucket: 1, of: 3, total: 8 }, [1, 4, 7]],
    [{ bucket: 0, of: 1, total: 2 }, [0, 1]],
    [{ total: 0 }, undefined],
    [{ total: 1.5 }, undefined],
    [{ range: [3, 1], total: 5 }, undefined],
    [{ range: [0, 5], total: 5 }, undefined],
    [{ range: [-1, 2], total: 5 }, undefined],
    [{ bucket: 3, of: 3, total: 8 }, undefined],
    [{ bucket: 0, of: 0, total: 8 }, undefined],
    [{ bucket: 7, of: 8, total: 4 }, undefined]
  ]
  for (const [shards, expected] of plans) {
    it(`for ${JSON.stringify(shards)} are ${expected === undefined ? "refused" : expected}`, () => {
      const ids = ShardIds.resolve(shards)
      assert.deepStrictEqual(Either.isRight(ids) ? ids.right.map(({ id }) => id) : undefined, expected)
    })
  }

  it.scoped("are found by id and by guild, as far as the fleet holds them", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { range: [1, 2], total: 4 } })
      const ids = (yield* fleet.shards).map(({ id }) => String(id))
      assert.deepStrictEqual(ids, ["[1/4]", "[2/4]"])
      assert.isTrue(Option.isNone(yield* fleet.shard(0)))
      const guild = String(6n << 22n)
      const found = Option.map(yield* fleet.shardOfGuild(guild), ({ id }) => id.id)
      assert.deepStrictEqual(found, Option.some(ShardId.shardOf(guild, 4)))
      assert.isTrue(Option.isNone(yield* fleet.shardOfGuild(String(7n << 22n))))
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("are told of in the status, each and in all", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(4)
      yield* inject(Fault.Close({ code: 4011, reason: "Sharding required." }), { shard: 2 })
      yield* TestClock.adjust("1 second")
      const { counts, shards, total } = yield* fleet.status
      assert.strictEqual(total, 4)
      assert.strictEqual(counts.Connected, 3)
      assert.strictEqual(counts.FatallyClosed, 1)
      const tags: ReadonlyArray<ShardStatus.ShardStatus["_tag"]> = shards.map(({ status }) => status._tag)
      assert.deepStrictEqual(tags, ["Connected", "Connected", "FatallyClosed", "Connected"])
    }).pipe(Effect.provide(layer(wide))))
})

/** The API with the figures of the simulated gateway, some of them changed. */
const apiSaying = (change: { readonly shards?: number; readonly remaining?: number }) =>
  Layer.effect(
    GatewayApi.GatewayApi,
    Effect.map(simulator, (gateway) => ({
      gatewayBot: Effect.map(gateway.gatewayBot, ({ session_start_limit: limit, shards, url }) => ({
        url,
        shards: change.shards ?? shards,
        sessionStartLimit: {
          total: limit.total,
          remaining: change.remaining ?? limit.remaining,
          resetAfter: Duration.millis(limit.reset_after),
          maxConcurrency: limit.max_concurrency
        }
      }))
    }))
  )

describe("as many shards as recommended", () => {
  it.scoped("are what Discord says", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: "recommended" })
      assert.deepStrictEqual((yield* fleet.shards).map(({ id }) => String(id)), ["[0/3]", "[1/3]", "[2/3]"])
    }).pipe(Effect.provide(Layer.provideMerge(apiSaying({ shards: 3 }), layer(wide)))))

  it.scoped("are not asked for where too few identifies are left to reshard", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(2)
      const error = yield* Effect.flip(fleet.reshard(4))
      assert.match(error.message, /Budget/)
      assert.strictEqual((yield* entries("Opened")).length, 2)
    }).pipe(Effect.provide(Layer.provideMerge(apiSaying({ remaining: 3 }), layer(wide)))))

  const decisions: ReadonlyArray<
    readonly [total: number, fullest: number, recommended: number, next: number | undefined]
  > = [
    [4, 1_000, 4, undefined],
    [4, 1_999, 5, undefined],
    [4, 2_000, 5, 5],
    [4, 2_400, 4, 8],
    [4, 2_400, 3, 8],
    [4, 100, 6, 6],
    [1, 0, 1, undefined]
  ]
  for (const [total, fullest, recommended, next] of decisions) {
    it(`with ${fullest} guilds on one of ${total} shards and ${recommended} recommended: ${next ?? "all stays"}`, () => {
      const decided = AutoReshard.nextTotal({ total, fullest, recommended }, 2_000)
      assert.deepStrictEqual(decided, Option.fromNullable(next))
    })
  }

  it.live("are what a fleet is resharded to before the gateway forces it", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      yield* Effect.gen(function*() {
        const fleet = yield* Fleet.Fleet
        yield* Effect.forkScoped(fleet.runForEach(() => Effect.void))
        yield* Effect.forkScoped(Fleet.autoReshard({ guildsPerShard: 10 }))
        yield* Effect.sleep("59 minutes")
        assert.strictEqual((yield* fleet.status).total, 1)
        assert.deepStrictEqual((yield* fleet.status).shards[0]?.guilds, Option.some(12))
        yield* Effect.sleep("3 minutes")
        // The fullest shard now has six guilds, so the total does not change.
        assert.strictEqual((yield* fleet.status).total, 2)
        yield* Effect.sleep("3 hours")
        assert.strictEqual((yield* fleet.status).total, 2)
        assert.deepStrictEqual(yield* Effect.flatMap(simulator, (_) => _.violations), [])
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Layer.merge(Fleet.layer({ shards: { total: 1 } }), apiSaying({})).pipe(
            Layer.provideMerge(layer({
              ...wide,
              simulator: { maxConcurrency: 16, world: World.make({ guilds: 12, membersPerGuild: 1 }) }
            }))
          )
        ),
        clock.run
      )
    }))
})

describe("the events of a fleet", () => {
  it.scoped("come from all shards in turns, each in its order", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(3)
      // One shard receives events before the others.
      yield* Effect.forEach([0, 1, 2, 3, 4, 5], (n) => typing(0, n))
      yield* Effect.forEach([10, 11], (n) => typing(1, n))
      yield* Effect.forEach([20, 21], (n) => typing(2, n))
      yield* TestClock.adjust("1 second")
      const events = yield* Stream.runCollect(Stream.take(Stream.filter(fleet.events, isTyping), 10))
      assert.deepStrictEqual(Array.from(events, readNumber), [0, 10, 20, 1, 11, 21, 2, 3, 4, 5])
      assert.deepStrictEqual(Array.from(events, ({ shard }) => shard.id), [0, 1, 2, 0, 1, 2, 0, 0, 0, 0])
      // No heartbeat is sent in this time, because its acknowledgement also takes a turn.
    }).pipe(withChance(0.9), Effect.provide(layer(wide))))

  it.scoped("wait in their own shards, and hold up no other shard", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(2)
      yield* Effect.forEach(Array.from({ length: 50 }, (_, n) => n), (n) => typing(0, n))
      yield* TestClock.adjust("1 second")
      yield* typing(1, 100)
      yield* TestClock.adjust("1 second")
      const buffered = (yield* fleet.status).shards.map(({ buffered }) => buffered)
      assert.isAtMost(buffered[0] ?? 0, 12)
      const numbers = yield* fleet.events.pipe(
        Stream.filter(isTyping),
        Stream.map(readNumber),
        Stream.take(51),
        Stream.runCollect
      )
      const all = Array.from(numbers)
      assert.isBelow(all.indexOf(100), 5)
      assert.deepStrictEqual(all.filter((n) => n !== 100), Array.from({ length: 50 }, (_, n) => n))
    }).pipe(Effect.provide(layer({ ...wide, config: { eventBufferSize: 10 } }))))

  it.scoped("are those that the program wants, though the fleet itself needs more", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      yield* typing(0, 1)
      yield* TestClock.adjust("1 second")
      const first = yield* fleet.nextEvent
      assert.strictEqual(first.event.t, "TYPING_START")
    }).pipe(Effect.provide(layer({ ...wide, config: { events: ["TYPING_START"] } }))))

  it.scoped("go on when a shard is closed for a reason of its own", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(2)
      yield* inject(Fault.Close({ code: 4011, reason: "Sharding required." }), { shard: 0 })
      yield* TestClock.adjust("1 second")
      yield* typing(1, 7)
      yield* TestClock.adjust("1 second")
      const last = yield* Stream.runHead(Stream.filter(fleet.events, isTyping))
      assert.deepStrictEqual(Option.map(last, readNumber), Option.some(7))
      // The fleet ends with its last shard.
      yield* inject(Fault.Close({ code: 4011, reason: "Sharding required." }), { shard: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(fleet.events))).code, 4011)
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("fail at once with what all shards share", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(3)
      yield* typing(2, 1)
      const waiting = yield* Effect.fork(Effect.flip(fleet.awaitReady))
      const reading = yield* Effect.fork(Effect.flip(Stream.runDrain(fleet.events)))
      yield* inject(Fault.Close({ code: 4014, reason: "Disallowed intents." }), { shard: 1 })
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(reading)
      assert.deepStrictEqual([error.code, error.reason], [4014, "Disallowed intents."])
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual<unknown>(yield* Effect.flip(fleet.awaitReady), error)
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("end when the fleet is closed, and what came before can be read", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(2)
      yield* typing(1, 1)
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(fleet.close(CloseFrame.RESUME))
      yield* TestClock.adjust("2 seconds")
      const sessions = yield* Fiber.join(closing)
      assert.deepStrictEqual(sessions.map(([id, { sequence }]) => [id.id, sequence]), [[0, 1], [1, 2]])
      const events = yield* Stream.runCollect(fleet.events)
      assert.deepStrictEqual(Array.from(events).filter(isTyping).map(readNumber), [1])
      assert.isTrue((yield* Effect.flatMap(simulator, (_) => _.sessions)).every(({ isConnected }) => !isConnected))
    }).pipe(Effect.provide(layer(wide))))
})

describe("a command", () => {
  it.scoped("that is broadcast goes out on every shard once", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(3)
      const command = yield* Effect.orDie(
        Command.updatePresence({ since: null, afk: false, status: "idle", activities: [] })
      )
      yield* fleet.broadcast(command)
      const sent = yield* Effect.flatMap(simulator, (_) => _.received(Opcode.PresenceUpdate))
      assert.deepStrictEqual(sent.map(({ shard }) => shard).sort(), [0, 1, 2])
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("that one shard cannot send goes out on the others, and the failure is told", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(3)
      yield* inject(Fault.Close({ code: 4011, reason: "" }), { shard: 0 })
      yield* TestClock.adjust("1 second")
      const command = yield* Effect.orDie(
        Command.updatePresence({ since: null, afk: false, status: "idle", activities: [] })
      )
      const error = yield* Effect.flip(fleet.broadcast(command))
      assert.strictEqual(error.reason, "Sending")
      const sent = yield* Effect.flatMap(simulator, (_) => _.received(Opcode.PresenceUpdate))
      assert.deepStrictEqual(sent.map(({ shard }) => shard).sort(), [1, 2])
    }).pipe(Effect.provide(layer(wide))))
})

describe("handlers", () => {
  it.scoped("run several at a time, but one after the other for a guild", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(2)
      let running = 0
      let most = 0
      const seen: Array<number> = []
      yield* Effect.forkScoped(fleet.runForEach((event) =>
        isTyping(event)
          ? Effect.gen(function*() {
            running++
            most = Math.max(most, running)
            // Handlers of earlier events take longer.
            yield* Effect.sleep(1_000 - readNumber(event))
            running--
            seen.push(readNumber(event))
          })
          : Effect.void, { concurrency: 4 }))
      const inGuild = (n: number, guild: number) =>
        Effect.flatMap(simulator, (_) =>
          _.dispatch({ t: "TYPING_START", d: { n, guild_id: String(guild << 22) }, shard: 0 }))
      yield* inGuild(1, 1)
      yield* inGuild(2, 1)
      yield* inGuild(300, 2)
      yield* inGuild(600, 3)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(most, 3)
      assert.deepStrictEqual(seen, [600, 300, 1, 2])
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("that run when the run is interrupted come to their end, and no event is lost", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      const done: Array<number> = []
      const slow = (event: Fleet.FleetEvent) =>
        isTyping(event)
          ? Effect.zipRight(Effect.sleep("1 second"), Effect.sync(() => done.push(readNumber(event))))
          : Effect.void
      const run = yield* Effect.fork(fleet.runForEach(slow))
      yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => n), (n) => typing(0, n))
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(done, [0])
      const interrupting = yield* Effect.fork(Fiber.interrupt(run))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupting)
      const rest = yield* Effect.replicateEffect(fleet.nextEvent, 40 - done.length)
      assert.strictEqual(done.length, 2)
      assert.deepStrictEqual([...done, ...rest.map(readNumber)], Array.from({ length: 40 }, (_, n) => n))
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("that end leave their events for drainTimeout, and then no shard waits for another run", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      const run = yield* Effect.fork(fleet.runForEach((event) => isTyping(event) ? Effect.never : Effect.void))
      yield* Effect.forEach([1, 2, 3], (n) => typing(0, n))
      yield* TestClock.adjust("1 second")
      const published = yield* Effect.fork(Stream.runHead((yield* fleet.shards)[0]?.diagnostics ?? Stream.empty))
      const interrupting = yield* Effect.fork(Fiber.interrupt(run))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(interrupting)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual((yield* fleet.status).shards.map(({ buffered }) => buffered), [2])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* fleet.status).shards.map(({ buffered }) => buffered), [0])
      assert.deepStrictEqual(
        yield* Fiber.join(published),
        Option.some(Diagnostic.Abandoned({ reader: "the handler of `runForEach`", events: 2 }))
      )
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("that never end are interrupted at the deadline", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      const interrupted = yield* Deferred.make<void>()
      const run = yield* Effect.fork(
        fleet.runForEach(() => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, void 0)))
      )
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.fork(Fiber.interrupt(run))
      yield* TestClock.adjust("2999 millis")
      assert.isFalse(yield* Deferred.isDone(interrupted))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(yield* Deferred.isDone(interrupted))
      yield* Fiber.join(interrupting)
    }).pipe(Effect.provide(layer({ ...wide, config: { drainTimeout: "3 seconds" } }))))

  it.scoped("that fail end the run", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      const error = yield* Effect.flip(fleet.runForEach(() => Effect.fail("no")))
      assert.strictEqual(error, "no")
    }).pipe(Effect.provide(layer(wide))))
})

describe("handlers on a fleet", () => {
  it.scoped("run on the events of every shard, and one that fails is told to its own shard and hurts no other", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(3)
      const handled: Array<string> = []
      const handlers = Events.on("INTERACTION_CREATE", (event) => {
        handled.push(event.d.id)
        return event.d.id === "1" ? Effect.fail("no") : Effect.void
      })
      const failures = yield* Effect.forEach(yield* fleet.shards, (shard) =>
        shard.diagnostics.pipe(
          Stream.filter(({ _tag }) => _tag === "HandlerFailed"),
          Stream.runForEach(() => Effect.sync(() => handled.push(`failed on ${shard.id.id}`))),
          Effect.forkScoped
        ))
      assert.strictEqual(failures.length, 3)
      const run = yield* Effect.fork(Effect.provideService(Events.runFleet(handlers), Fleet.Fleet, fleet))
      const gateway = yield* simulator
      for (const shard of [0, 1, 2]) {
        yield* gateway.dispatch({ t: "INTERACTION_CREATE", d: { id: String(shard) }, shard })
        yield* TestClock.adjust(1)
      }
      assert.deepStrictEqual(handled, ["0", "1", "failed on 1", "2"])
      yield* fleet.close(CloseFrame.RESUME)
      yield* Fiber.join(run)
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("are refused before they run if the fleet does not ask for what they need", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet(1)
      const handlers = Events.on("GUILD_MEMBER_ADD", () => Effect.void)
      const error = yield* Effect.flip(Effect.provideService(Events.runFleet(handlers), Fleet.Fleet, fleet))
      assert.match(String(error), /GUILD_MEMBER_ADD needs .*GuildMembers/)
    }).pipe(Effect.provide(layer({ ...wide, config: { intents: Intents.of("Guilds") } }))))
})
