/** Stores and queues of a program that violate their types. */
import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as IdentifyStore from "../../src/IdentifyStore.js"
import type * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import { awaitReady, entries, layer, startShard } from "../harness.js"

type Broken = () => Effect.Effect<never>

/** Faults of an operation. */
const broken: ReadonlyArray<readonly [what: string, operation: Broken]> = [
  ["dies", () => Effect.die(new Error("no database"))],
  ["throws", () => {
    throw new Error("no database")
  }],
  // These violate the types.
  ["fails", () => Effect.fail("no database") as Effect.Effect<never, unknown> as Effect.Effect<never>],
  ["returns a promise", () => Promise.resolve() as unknown as Effect.Effect<never>],
  ["interrupts itself", () => Effect.interrupt],
  ["hangs", () => Effect.never],
  ["hangs and cannot be interrupted", () => Effect.uninterruptible(Effect.never)],
  ["hangs while it acquires", () => Effect.acquireUseRelease(Effect.never, () => Effect.never, () => Effect.void)]
]

/** Checks that an effect completes within a number of seconds of the test clock. */
const assertWithin = <A, E, R>(seconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(`${seconds} seconds`)
    assert.isNotNull(fiber.unsafePoll(), `it did not complete in ${seconds} s`)
    return yield* Fiber.join(fiber)
  })

describe("an identify store", () => {
  for (const [what, operation] of broken) {
    for (const [when, isBroken] of [["once", (n: number) => n === 0], ["always", () => true]] as const) {
      it.scoped(`that ${what} ${when} keeps no bucket taken, and no shard from closing`, () =>
        Effect.gen(function*() {
          let saves = 0
          const store: IdentifyStore.IdentifyStore = {
            initial: Option.none(),
            save: () => isBroken(saves++) ? operation() : Effect.void
          }
          const queue = IdentifyQueue.layerInMemory({ maxConcurrency: 1 }).pipe(
            Layer.provide(Layer.succeed(IdentifyStore.CurrentIdentifyStore, store))
          )
          yield* Effect.gen(function*() {
            const shards = yield* Effect.forEach(ShardId.all(2), Shard.make)
            yield* assertWithin(16, Effect.forEach(shards, awaitReady, { concurrency: "unbounded" }))
            yield* assertWithin(1, Effect.forEach(shards, (shard) => shard.close(CloseFrame.RESUME)))
          }).pipe(Effect.scoped, Effect.provide(queue))
          assert.isAtLeast(saves, 2)
        }).pipe(Effect.provide(layer())))
    }
  }

  it.effect("that saves late saves what is newest after that", () =>
    Effect.gen(function*() {
      let saves = 0
      let stored = 0
      const store: IdentifyStore.IdentifyStore = {
        initial: Option.none(),
        save: ({ account }) =>
          Effect.sync(() => {
            stored = account?.remaining ?? 0
          }).pipe(saves++ === 0 ? Effect.delay("1 minute") : (write) => write, Effect.uninterruptible)
      }
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 100 } }).pipe(
        Effect.provideService(IdentifyStore.CurrentIdentifyStore, store)
      )
      const identify = queue.withPermit(ShardId.single)(Effect.void)
      const identifies = yield* Effect.fork(Effect.zipRight(identify, identify))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(identifies)
      assert.strictEqual(stored, 98)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(stored, 98)
    }))
})

describe("a session store", () => {
  const make = (name: keyof SessionStore.SessionStore, operation: Broken): SessionStore.SessionStore => ({
    load: () => Effect.succeedNone,
    save: () => Effect.void,
    remove: () => Effect.void,
    [name]: operation
  })

  for (const [what, operation] of broken) {
    for (const name of ["load", "save", "remove"] as const) {
      it.scoped(`whose ${name} ${what} keeps no event from its reader, and no shard from closing`, () =>
        Effect.gen(function*() {
          const failures: Array<string> = []
          const scope = yield* Scope.make()
          yield* Effect.gen(function*() {
            const shard = yield* Scope.extend(Shard.make(ShardId.single), scope)
            yield* Effect.forkScoped(Stream.runForEach(shard.diagnostics, (diagnostic) =>
              Effect.sync(() => {
                if (diagnostic._tag === "SessionStoreFailed") {
                  failures.push(diagnostic.error.operation)
                }
              })))
            yield* Effect.yieldNow()
            yield* assertWithin(6, awaitReady(shard))
            yield* assertWithin(5, shard.close(name === "remove" ? CloseFrame.NORMAL : CloseFrame.RESUME))
            yield* assertWithin(5, Scope.close(scope, Exit.void))
          }).pipe(Effect.provideService(SessionStore.SessionStore, make(name, operation)))
          if (name !== "remove") {
            assert.include(failures, name)
          }
        }).pipe(Effect.provide(layer())))
    }
  }

  for (const operation of ["load", "save"] as const) {
    it.scoped(`has five seconds to ${operation}`, () =>
      Effect.gen(function*() {
        const store = make(operation, () => Effect.never)
        const scope = yield* Scope.make()
        const shard = yield* Shard.make(ShardId.single).pipe(
          Scope.extend(scope),
          Effect.provideService(SessionStore.SessionStore, store)
        )
        const ready = yield* Effect.fork(awaitReady(shard))
        yield* TestClock.adjust("4900 millis")
        assert.isNull(ready.unsafePoll())
        yield* TestClock.adjust("200 millis")
        assert.isNotNull(ready.unsafePoll())
        yield* assertWithin(5, Scope.close(scope, Exit.void))
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("that loads no session makes the shard identify, with a diagnostic", () =>
    Effect.gen(function*() {
      // A store in JavaScript may return this.
      const loaded = Option.some({ id: "abc" }) as Option.Option<unknown> as Option.Option<Session.Session>
      const store: SessionStore.SessionStore = {
        ...make("load", () => Effect.never),
        load: () => Effect.succeed(loaded)
      }
      const shard = yield* Effect.provideService(Shard.make(ShardId.single), SessionStore.SessionStore, store)
      const failure = yield* Effect.fork(
        Stream.runHead(Stream.filter(shard.diagnostics, ({ _tag }) => _tag === "SessionStoreFailed"))
      )
      yield* Effect.yieldNow()
      yield* assertWithin(1, awaitReady(shard))
      assert.isTrue(Option.isSome(yield* Fiber.join(failure)))
      assert.strictEqual((yield* entries("Identified")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("whose save ends late gets the newest session again", () =>
    Effect.gen(function*() {
      let saves = 0
      let stored = Option.none<number>()
      const store: SessionStore.SessionStore = {
        ...make("load", () => Effect.never),
        load: () => Effect.succeedNone,
        save: (_, { sequence }) =>
          Effect.sync(() => {
            stored = Option.some(sequence)
          }).pipe(saves++ === 0 ? Effect.delay("1 minute") : (write) => write, Effect.uninterruptible)
      }
      const shard = yield* Effect.provideService(startShard, SessionStore.SessionStore, store)
      yield* Effect.forkScoped(shard.runForEach(() => Effect.void))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(stored, Option.map(yield* shard.session, ({ sequence }) => sequence))
      assert.isAtLeast(saves, 3)
    }).pipe(Effect.provide(layer())))
})

describe("an identify queue", () => {
  const queues: ReadonlyArray<readonly [what: string, withPermit: IdentifyQueue.IdentifyQueue["withPermit"]]> = [
    ...broken.map(([what, operation]) => [what, () => operation] as const),
    ["throws when it is asked", () => {
      throw new Error("no queue")
    }],
    ["never runs the identify", () => () => Effect.void as Effect.Effect<never>],
    ["runs the identify in a region that cannot be interrupted", () => (identify) => Effect.uninterruptible(identify)]
  ]
  for (const [what, withPermit] of queues) {
    it.scoped(`that ${what} keeps no shard from closing`, () =>
      Effect.gen(function*() {
        const shard = yield* Effect.provideService(
          startShard,
          IdentifyQueue.IdentifyQueue,
          IdentifyQueue.make(withPermit)
        )
        yield* TestClock.adjust("10 seconds")
        yield* assertWithin(1, shard.close(CloseFrame.RESUME))
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("that runs the identify twice gets it written once", () =>
    Effect.gen(function*() {
      const queue = IdentifyQueue.make(() => (identify) => Effect.zipLeft(identify, Effect.ignore(identify)))
      const shard = yield* Effect.provideService(startShard, IdentifyQueue.IdentifyQueue, queue)
      yield* assertWithin(1, awaitReady(shard))
      assert.strictEqual((yield* entries("Received")).filter(({ op }) => op === 2).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("that works again lets the shard identify", () =>
    Effect.gen(function*() {
      let isBroken = true
      const queue = IdentifyQueue.make(() => (identify) => isBroken ? Effect.die("no queue") : identify)
      const shard = yield* Effect.provideService(startShard, IdentifyQueue.IdentifyQueue, queue)
      yield* TestClock.adjust("10 seconds")
      isBroken = false
      yield* assertWithin(60, Effect.eventually(awaitReady(shard)))
    }).pipe(Effect.provide(layer())))
})
