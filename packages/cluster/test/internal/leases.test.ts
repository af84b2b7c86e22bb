import { assert, describe, it } from "@effect/vitest"
import * as Session from "@vesper/gateway/Session"
import type * as SessionStore from "@vesper/gateway/SessionStore"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import type * as FleetStore from "../../src/internal/fleetStore.js"
import * as Leases from "../../src/internal/leases.js"

const shard = ShardId.unsafeMake(3, 4)
const key: SessionStore.Key = { bot: "bot", shard }
const sessionAt = (sequence: number) => new Session.Session({ id: "s", sequence })

const away: Error = new RangeError("the database is away")

/** A database that can be away, and one in which another runner can take the shard. */
const makeStore = () => {
  const state = { isAway: false, fence: 1, released: 0 }
  const asked = <A>(answer: () => A) =>
    Effect.suspend(() => state.isAway ? Effect.fail<Error>(away) : Effect.sync(answer))
  const store: FleetStore.FleetStore = {
    begin: (total) => Effect.succeed({ total, next: Option.none(), epoch: 0 }),
    plan: Effect.never,
    claim: (shard) => asked(() => Option.some({ shard, fence: state.fence, session: Option.some(sessionAt(7)) })),
    renew: () => asked(() => [{ total: shard.total, shard: shard.id, fence: state.fence }]),
    appear: asked(() => false),
    bury: Effect.void,
    beginPart: () => Effect.never,
    abandonPart: () => Effect.never,
    finishPart: () => Effect.never,
    save: ({ fence }) => asked(() => fence === state.fence),
    tell: () => Effect.void,
    release: () => asked(() => void state.released++),
    leave: Effect.void
  }
  return { state, store }
}

const start = Effect.gen(function*() {
  const { state, store } = makeStore()
  const leases = yield* Leases.make(store, Duration.seconds(6))
  const lease = Option.getOrThrow(yield* leases.take(shard))
  const lost = yield* Effect.fork(lease.lost)
  const isLost = Effect.map(Fiber.poll(lost), Option.isSome)
  return { state, leases, lease, isLost }
})

describe("a lease", () => {
  it.scoped("is renewed for as long as the database answers", () =>
    Effect.gen(function*() {
      const { isLost, lease } = yield* start
      yield* TestClock.adjust("15 seconds")
      assert.isFalse(yield* isLost)
      yield* lease.admit(1)
    }))

  it.scoped("is lost after two thirds of its time without an answer, so that a third is left to close the socket", () =>
    Effect.gen(function*() {
      const { isLost, lease, state } = yield* start
      state.isAway = true
      yield* TestClock.adjust("3900 millis")
      assert.isFalse(yield* isLost)
      yield* TestClock.adjust("300 millis")
      assert.isTrue(yield* isLost)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(lease.admit(1))))
    }))

  it.scoped("admits nothing after its time, even if nobody has noticed yet", () =>
    Effect.gen(function*() {
      const { store } = makeStore()
      // No fiber ran in this time, as in a process that was stopped: nobody has renewed or expired anything.
      const leases = yield* Leases.make({ ...store, renew: () => Effect.never }, Duration.seconds(6))
      const lease = Option.getOrThrow(yield* leases.take(shard))
      yield* TestClock.setTime(4_000)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(lease.admit(1))))
    }))

  it.scoped("is lost once it has refused an event, for nobody handles events any more", () =>
    Effect.gen(function*() {
      const { isLost, lease } = yield* start
      // A process that was blocked reads an event before its timers: they renew the lease afterwards.
      const late = yield* Effect.clockWith((clock) =>
        Effect.succeed({ ...clock, currentTimeNanos: Effect.succeed(5_000_000_000n), sleep: clock.sleep })
      )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.withClock(lease.admit(1), late))))
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* isLost)
    }))

  it.scoped("is lost at the next renewal when another runner has taken the shard", () =>
    Effect.gen(function*() {
      const { isLost, state } = yield* start
      state.fence = 2
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* isLost)
    }))

  it.scoped("refuses a write with an old fence, and is lost by it", () =>
    Effect.gen(function*() {
      const { isLost, lease, state } = yield* start
      yield* lease.sessions.save(key, sessionAt(8))
      state.fence = 2
      const refused = yield* Effect.flip(lease.sessions.save(key, sessionAt(9)))
      assert.match(refused.message, /another runner owns the shard now/)
      yield* Effect.yieldNow()
      assert.isTrue(yield* isLost)
    }))

  it.scoped("holds an event back while no session is saved that has come past it", () =>
    Effect.gen(function*() {
      const { lease, state } = yield* start
      state.isAway = true
      yield* Effect.flip(lease.sessions.save(key, sessionAt(10)))
      const admitted = yield* Effect.fork(lease.admit(12))
      state.isAway = false
      // Renewed meanwhile, so that it is the save that counts.
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* Fiber.poll(admitted)))
      yield* lease.sessions.save(key, sessionAt(12))
      yield* Fiber.join(admitted)
    }))

  it.scoped("lets an event that is held back fail when the lease is lost", () =>
    Effect.gen(function*() {
      const { lease, state } = yield* start
      state.isAway = true
      yield* Effect.flip(lease.sessions.save(key, sessionAt(10)))
      const admitted = yield* Effect.fork(lease.admit(12))
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(admitted)))
    }))

  it.scoped("is given back at once", () =>
    Effect.gen(function*() {
      const { lease, leases, state } = yield* start
      yield* leases.giveBack(lease)
      assert.strictEqual(state.released, 1)
    }))
})
