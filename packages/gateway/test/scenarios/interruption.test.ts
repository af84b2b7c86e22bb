import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { entries, inject, layer, startShard, withChance } from "../harness.js"

/** Each step of a shard's life, with the setup after which the shard is in this step. */
const steps: ReadonlyArray<
  readonly [step: string, arrange: Effect.Effect<void, never, GatewaySimulator.GatewaySimulator>]
> = [
  ["waits for the socket to open", inject(Fault.NeverOpen({ host: "any", times: 1 }))],
  ["waits for the hello", inject(Fault.NeverHello({ host: "any", times: 1 }))],
  ["waits for READY", inject(Fault.NeverReady({ host: "any", times: 1 }))],
  ["is connected", Effect.void],
  ["waits before the next attempt", inject(Fault.RefuseConnections({ host: "any", times: 100, status: 503 }))],
  [
    "waits for RESUMED",
    Effect.gen(function*() {
      yield* inject(Fault.NeverResumed({ host: "any", times: 1 }))
      yield* Effect.flatMap(
        GatewaySimulator.GatewaySimulator,
        (simulator) => simulator.awaitLog((entry) => entry._tag === "Identified")
      ).pipe(
        Effect.zipRight(inject(Fault.Drop())),
        Effect.forkDaemon
      )
    })
  ],
  [
    "waits for its turn to identify",
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.awaitLog((entry) => entry._tag === "Identified").pipe(
        Effect.zipRight(inject(Fault.InvalidSession({ resumable: false }))),
        Effect.forkDaemon
      )
    })
  ]
]

describe("closing the scope of a shard", () => {
  for (const [step, arrange] of steps) {
    it.live(`that ${step} leaves no fiber, timer or connection behind`, () =>
      Effect.gen(function*() {
        const clock = yield* VirtualClock.make()
        const supervisor = yield* Supervisor.track
        const fibers = Effect.map(supervisor.value, (all) => all.length)
        yield* Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          yield* arrange
          const scope = yield* Scope.make()
          yield* Effect.gen(function*() {
            const shard = yield* startShard
            yield* Effect.forkScoped(Stream.runDrain(shard.events))
            yield* Effect.forkScoped(shard.send("{\"op\":3}"))
          }).pipe(Effect.supervised(supervisor), Scope.extend(scope))
          yield* Effect.sleep("100 millis")
          assert.isAbove(yield* fibers, 0)
          yield* Scope.close(scope, Exit.void)
          yield* Effect.sleep("1 millis")
          assert.strictEqual(yield* fibers, 0, "fibers")
          assert.strictEqual(yield* simulator.connections, 0, "connections")
          assert.strictEqual(yield* clock.sleeping, 0, "timers")
          const before = (yield* simulator.log).length
          yield* Effect.sleep("10 minutes")
          assert.strictEqual((yield* simulator.log).length, before, "nothing happens any more")
        }).pipe(withChance(0.5), Effect.provide(layer()), clock.run)
      }))
  }

  it.live("interrupted at any moment of the handshake leaves nothing behind", () =>
    Effect.gen(function*() {
      for (let moment = 0; moment < 60; moment++) {
        const clock = yield* VirtualClock.make()
        const supervisor = yield* Supervisor.track
        yield* Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* startShard.pipe(Effect.supervised(supervisor), Scope.extend(scope))
          yield* Effect.repeatN(Effect.yieldNow(), moment)
          yield* Scope.close(scope, Exit.void)
          yield* Effect.sleep("1 millis")
          assert.strictEqual((yield* supervisor.value).length, 0, `fibers at ${moment}`)
          assert.strictEqual(yield* clock.sleeping, 0, `timers at ${moment}`)
          const [opened, closed] = [yield* entries("Opened"), yield* entries("Closed")]
          assert.strictEqual(opened.length, closed.length, `connections at ${moment}`)
        }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { latency: 0 } })), clock.run)
      }
    }))
})

describe("a shard whose scope has closed", () => {
  for (const [step, arrange] of steps) {
    it.live(`while it ${step} says that it is disconnected`, () =>
      Effect.gen(function*() {
        const clock = yield* VirtualClock.make()
        yield* Effect.gen(function*() {
          yield* arrange
          const scope = yield* Scope.make()
          const shard = yield* Scope.extend(startShard, scope)
          yield* Effect.sleep("100 millis")
          yield* Scope.close(scope, Exit.void)
          assert.strictEqual((yield* shard.status)._tag, "Disconnected")
        }).pipe(withChance(0.5), Effect.provide(layer()), clock.run)
      }))
  }
})

describe("a program", () => {
  it.live("that lacks a layer does not compile, and one with all of them runs", () =>
    Effect.gen(function*() {
      const run = Effect.scoped(startShard)
      // @effect-diagnostics missingEffectContext:off
      // @ts-expect-error the shard needs its config, its queue and its socket
      const incomplete: Effect.Effect<unknown> = Effect.provide(run, Layer.empty)
      const complete: Effect.Effect<unknown, unknown> = Effect.provide(run, layer())
      assert.isTrue(Exit.isFailure(yield* Effect.exit(incomplete)))
      yield* complete
    }))
})
