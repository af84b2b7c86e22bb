import { assert, describe, it } from "@effect/vitest"
import * as Session from "@vesper/gateway/Session"
import type * as SessionStore from "@vesper/gateway/SessionStore"
import * as ShardId from "@vesper/model/ShardId"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import type * as Lease from "../../src/internal/ownership/lease.js"
import * as Ownership from "../../src/internal/ownership/ownership.js"
import * as FakeRows from "./fakeRows.js"

const three = ShardId.unsafeMake(3, 4)
const key: SessionStore.Key = { bot: "bot", shard: three }
const sessionAt = (sequence: number, id = "s") => new Session.Session({ id, sequence })

/** A runner with a lease of 6 seconds and four slots, all of which belong to it. */
const start = (isStrict = false) =>
  Effect.gen(function*() {
    const rows = FakeRows.make()
    rows.findRow(three).session = Option.some(sessionAt(7))
    const running = new Map<number, Lease.Lease>()
    let belongs = true
    const ownership = yield* Ownership.make({
      rows,
      lease: Duration.seconds(6),
      plan: FakeRows.makePlan(4),
      isStrict,
      tick: isStrict ? Duration.millis(50) : Duration.seconds(1),
      run: (_, [lease]) =>
        lease === undefined ? Effect.never : Effect.acquireUseRelease(
          Effect.sync(() => running.set(lease.shard.id, lease)),
          () => lease.lost,
          () => Effect.sync(() => running.delete(lease.shard.id))
        )
    })
    ownership.unsafeSetAssignment(() => belongs)
    const acquired = yield* ownership.acquire([0, 1, 2, 3])
    yield* TestClock.adjust("60 millis")
    return {
      rows,
      ownership,
      running,
      acquired,
      /** The shard's lease on shard 3. */
      lease: yield* Effect.fromNullable(running.get(3)),
      moveAway: Effect.sync(() => {
        belongs = false
      })
    }
  })

const isDone = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.map(Fiber.poll(fiber), Option.isSome)

describe("a slot", () => {
  it.scoped("runs while its lease is held and it belongs to this runner", () =>
    Effect.gen(function*() {
      const { acquired, running, ownership, rows } = yield* start()
      assert.deepStrictEqual(acquired, [0, 1, 2, 3])
      assert.deepStrictEqual(Array.from(running.keys()), [0, 1, 2, 3])
      yield* ownership.release(1)
      assert.deepStrictEqual(Array.from(running.keys()), [0, 2, 3])
      assert.strictEqual(rows.findRow(ShardId.unsafeMake(1, 4)).owner, undefined)
      assert.isFalse(ownership.unsafeIsHeld(1))
      assert.isTrue(ownership.unsafeIsHeld(2))
    }))

  it.scoped("that another runner has is acquired when that one gives it back", () =>
    Effect.gen(function*() {
      const { ownership, rows } = yield* start()
      yield* ownership.release(3)
      rows.findRow(three).owner = "other"
      const acquiring = yield* Effect.fork(ownership.acquire([3]))
      yield* TestClock.adjust("300 millis")
      assert.isFalse(yield* isDone(acquiring))
      rows.findRow(three).owner = undefined
      yield* TestClock.adjust("300 millis")
      assert.deepStrictEqual(yield* Fiber.join(acquiring), [3])
    }))

  it.scoped("whose acquisition was answered too late is held when it is asked for again", () =>
    Effect.gen(function*() {
      const { ownership, rows } = yield* start()
      yield* ownership.release(3)
      rows.after = Effect.sleep("500 millis")
      const acquiring = yield* Effect.fork(ownership.acquire([3]))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(acquiring)
      yield* TestClock.adjust("1 second")
      const claims = rows.counts.claims
      const again = yield* Effect.fork(ownership.acquire([3]))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(again), [3])
      assert.strictEqual(rows.counts.claims, claims)
      rows.after = Effect.void
    }))

  it.scoped("that belongs elsewhere by the time of its answer does not run, and is released", () =>
    Effect.gen(function*() {
      const { running, moveAway, ownership, rows } = yield* start()
      yield* ownership.release(3)
      yield* moveAway
      assert.deepStrictEqual(yield* ownership.acquire([3]), [3])
      yield* TestClock.adjust("1 second")
      assert.isFalse(running.has(3))
      yield* ownership.acquire([])
        .pipe(Effect.fork, Effect.zipLeft(TestClock.adjust("2 seconds")))
      assert.strictEqual(rows.findRow(three).owner, undefined)
    }))

  it.scoped("that nothing has a use for is not renewed, so that its lease expires", () =>
    Effect.gen(function*() {
      const { moveAway, ownership } = yield* start()
      yield* ownership.release(3)
      yield* moveAway
      yield* ownership.acquire([3])
      yield* TestClock.adjust("5 seconds")
      assert.isFalse(ownership.unsafeIsHeld(3))
    }))
})

describe("a lease", () => {
  it.scoped("is renewed six times in its time for as long as the database answers, all in one statement", () =>
    Effect.gen(function*() {
      const { lease, ownership, rows } = yield* start()
      const before = rows.counts.renewals
      yield* TestClock.adjust("18 seconds")
      assert.isTrue(ownership.unsafeIsHeld(3))
      assert.strictEqual(rows.counts.renewals - before, 18)
      yield* lease.admit(1)
    }))

  it.scoped("is lost after two thirds of its time without an answer, so that a third is left to close the socket", () =>
    Effect.gen(function*() {
      const { running, lease, ownership, rows } = yield* start()
      rows.before = Effect.fail(FakeRows.away)
      yield* TestClock.adjust("2900 millis")
      assert.isTrue(running.has(3))
      yield* TestClock.adjust("1200 millis")
      assert.isFalse(running.has(3))
      assert.isFalse(ownership.unsafeIsHeld(3))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(lease.admit(1))))
    }))

  it.scoped("outlives a third of its time without an answer, whenever that begins", () =>
    Effect.gen(function*() {
      const { running, rows } = yield* start()
      for (const before of [1_000, 1_300, 1_600, 1_900]) {
        yield* TestClock.adjust(before)
        rows.before = Effect.fail(FakeRows.away)
        yield* TestClock.adjust("2 seconds")
        rows.before = Effect.void
      }
      yield* TestClock.adjust("1 second")
      assert.strictEqual(running.size, 4)
    }))

  it.scoped("admits nothing after its time, even if nothing has noticed yet, and is lost then", () =>
    Effect.gen(function*() {
      const { lease } = yield* start()
      // A process that was stopped reads an event before its timers: they renew the lease afterwards.
      const late = yield* Effect.clockWith((clock) =>
        Effect.succeed({ ...clock, currentTimeNanos: Effect.succeed(9_000_000_000n), sleep: clock.sleep })
      )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.withClock(lease.admit(1), late))))
      yield* lease.lost
    }))

  it.scoped("is lost at the next renewal when another runner has taken the shard", () =>
    Effect.gen(function*() {
      const { running, rows } = yield* start()
      Object.assign(rows.findRow(three), { owner: "other", fence: 9 })
      yield* TestClock.adjust("1100 millis")
      assert.deepStrictEqual(Array.from(running.keys()), [0, 1, 2])
    }))

  it.scoped("refuses a write with an old fence, and is lost by it", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      Object.assign(rows.findRow(three), { owner: "other", fence: 9 })
      const refused = yield* Effect.fork(Effect.flip(lease.sessions.save(key, sessionAt(9, "new"))))
      yield* TestClock.adjust("10 millis")
      assert.match((yield* Fiber.join(refused)).message, /another runner owns the shard now/)
      yield* lease.lost
      assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(7)))
    }))

  it.scoped("keeps what a late statement would overwrite, because each write has a newer revision", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      const { claim } = lease
      yield* rows.save([{ claim, revision: 2, session: Option.some(sessionAt(888)), status: null }])
      const written = yield* rows.save([{ claim, revision: 1, session: Option.some(sessionAt(777)), status: null }])
      assert.strictEqual(written.size, 0)
      assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(888)))
    }))
})

describe("saves", () => {
  it.scoped("of all shards are one statement a tick", () =>
    Effect.gen(function*() {
      const { running, rows } = yield* start()
      yield* TestClock.adjust("2 seconds")
      const before = rows.counts.saves
      for (let round = 1; round <= 10; round++) {
        yield* Effect.forEach(running.values(), (lease) =>
          Effect.fork(lease.sessions.save({ bot: "bot", shard: lease.shard }, sessionAt(10 + round))))
        yield* TestClock.adjust("500 millis")
      }
      assert.isAtMost(rows.counts.saves - before, 6 + 1)
      assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(20)))
    }))

  it.scoped("of a new session do not wait for the tick, because nothing else could resume it", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      yield* Effect.fork(lease.sessions.save(key, sessionAt(8)))
      yield* TestClock.adjust("1 second")
      yield* Effect.fork(lease.sessions.save(key, sessionAt(1, "new")))
      yield* TestClock.adjust("20 millis")
      assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(1, "new")))
    }))

  it.scoped("are what a shard loads that is made again under the same lease", () =>
    Effect.gen(function*() {
      const { lease } = yield* start()
      yield* Effect.fork(lease.sessions.save(key, sessionAt(8)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* lease.sessions.load(key), Option.some(sessionAt(8)))
    }))

  it.scoped("that fail are part of the next statement, whoever waits for them", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      rows.before = Effect.fail(FakeRows.away)
      const saving = yield* Effect.fork(Effect.exit(lease.sessions.save(key, sessionAt(8))))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(saving)))
      rows.before = Effect.void
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(8)))
    }))
})

describe("the admission of an event", () => {
  it.scoped("waits while the database cannot be written, and saves the session itself", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      rows.before = Effect.fail(FakeRows.away)
      yield* Effect.fork(Effect.exit(lease.sessions.save(key, sessionAt(8))))
      yield* TestClock.adjust("1500 millis")
      const admitted = yield* Effect.fork(lease.admit(9))
      yield* TestClock.adjust("500 millis")
      assert.isFalse(yield* isDone(admitted))
      rows.before = Effect.void
      // No other save is made.
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(admitted)
    }))

  it.scoped("that is asked for while the first good save is under way does not wait for another event", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      rows.before = Effect.fail(FakeRows.away)
      yield* Effect.fork(Effect.exit(lease.sessions.save(key, sessionAt(8))))
      yield* TestClock.adjust("200 millis")
      const begun = yield* Deferred.make<void>()
      rows.before = Effect.zipRight(Deferred.succeed(begun, undefined), Effect.sleep("300 millis"))
      yield* Effect.fork(Effect.exit(lease.sessions.save(key, sessionAt(8))))
      yield* TestClock.adjust("1100 millis")
      yield* Deferred.await(begun)
      const admitted = yield* Effect.fork(lease.admit(9))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(admitted)
      rows.before = Effect.void
    }))

  it.scoped("fails while it waits when the lease is lost", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start()
      rows.before = Effect.fail(FakeRows.away)
      yield* Effect.fork(Effect.exit(lease.sessions.save(key, sessionAt(8))))
      yield* TestClock.adjust("1500 millis")
      const admitted = yield* Effect.fork(Effect.exit(lease.admit(9)))
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(admitted)))
    }))

  it.scoped("on receipt waits until the database has its session", () =>
    Effect.gen(function*() {
      const { lease, rows } = yield* start(true)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* lease.observe(Effect.succeedSome(sessionAt(9)))
        const admitted = yield* Effect.fork(lease.admit(9))
        yield* TestClock.adjust("100 millis")
        yield* Fiber.join(admitted)
        assert.deepStrictEqual(rows.findRow(three).session, Option.some(sessionAt(9)))
        // What is covered costs no statement.
        const { saves } = rows.counts
        yield* lease.admit(8)
        assert.strictEqual(rows.counts.saves, saves)
      }))
    }))

  it.scoped("on receipt does not wait for the old session's sequence in a new session", () =>
    Effect.gen(function*() {
      const { lease } = yield* start(true)
      yield* lease.observe(Effect.succeedSome(sessionAt(1, "new")))
      const admitted = yield* Effect.fork(lease.admit(5_000))
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(admitted)
    }))
})
