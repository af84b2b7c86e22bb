/**
 * A fiber passes each interruption to its children, even while it is uninterruptible. Finalizers must complete when a fiber
 * is interrupted again while they run.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import type * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import { layer, startShard } from "../harness.js"

/** Runs everything that does not need the clock to advance. */
const settle = TestClock.adjust(1)

const message = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "hello" } })
)

/** Interrupts the fiber, and again a moment later. */
const interruptTwice = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Fiber.interruptFork(fiber).pipe(
    Effect.zipRight(settle),
    Effect.zipRight(Fiber.interruptFork(fiber)),
    Effect.zipRight(settle)
  )

/** Runs handlers that never complete. They end at the deadline, also after a second interruption. */
const assertEndsAtDeadline = (run: (handler: () => Effect.Effect<never>) => Effect.Effect<void, unknown>) =>
  Effect.gen(function*() {
    const interrupted = yield* Deferred.make<void>()
    const handling = yield* Effect.fork(
      run(() => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined)))
    )
    yield* message
    yield* settle
    yield* interruptTwice(handling)
    assert.isFalse(yield* Deferred.isDone(interrupted))
    yield* TestClock.adjust("4 seconds")
    assert.isTrue(yield* Deferred.isDone(interrupted))
    assert.isNotNull(handling.unsafePoll())
  })

const config = { acknowledge: "onHandled", drainTimeout: "4 seconds" } as const

describe("interrupted again while it goes,", () => {
  it.scoped("a run of handlers still lets them complete, and the shard's scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const shard = yield* Scope.extend(startShard, scope)
      yield* settle
      let handled = 0
      const handling = yield* Effect.fork(shard.runForEach(({ t }) =>
        t === "MESSAGE_CREATE"
          ? Effect.zipRight(Effect.sleep("3 seconds"), Effect.sync(() => handled++))
          : Effect.void
      ))
      yield* message
      yield* settle
      yield* interruptTwice(handling)
      const closing = yield* Effect.forkDaemon(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(handled, 1)
      assert.isNotNull(closing.unsafePoll())
      assert.deepStrictEqual(Option.map(yield* shard.session, ({ sequence }) => sequence), Option.some(2))
    }).pipe(Effect.provide(layer({ config }))))

  it.scoped("a run of handlers still interrupts those that never end, at the deadline", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* assertEndsAtDeadline(shard.runForEach)
    }).pipe(Effect.provide(layer({ config }))))

  it.scoped("a fleet's run of handlers still interrupts those that never end, at the deadline", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 1 } })
      yield* TestClock.adjust("1 second")
      yield* assertEndsAtDeadline(fleet.runForEach)
    }).pipe(Effect.provide(layer({ config }))))

  it.scoped("a shard still saves its session, on a store that takes its time", () =>
    Effect.gen(function*() {
      let stored = Option.none<Session.Session>()
      const store: SessionStore.SessionStore = {
        load: () => Effect.succeed(stored),
        save: (_, session) =>
          Effect.delay(
            Effect.sync(() => {
              stored = Option.some(session)
            }),
            "1 second"
          ),
        remove: () => Effect.void
      }
      const living = yield* Shard.make(ShardId.single).pipe(
        Effect.tap((shard) => shard.runForEach(() => Effect.void)),
        Effect.scoped,
        Effect.provideService(SessionStore.SessionStore, store),
        Effect.fork
      )
      yield* TestClock.adjust("10 seconds")
      yield* message
      yield* settle
      yield* interruptTwice(living)
      yield* TestClock.adjust("5 seconds")
      assert.isNotNull(living.unsafePoll())
      assert.deepStrictEqual(Option.map(stored, ({ sequence }) => sequence), Option.some(2))
    }).pipe(Effect.provide(layer({ config: { ...config, saveInterval: "1 minute" } }))))
})
