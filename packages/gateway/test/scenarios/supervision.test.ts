import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Decompressor from "../../src/Decompressor.js"
import * as Events from "../../src/Events.js"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as Shard from "../../src/Shard.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, isHeartbeat, layer, startShard, withChance, withFirstWrite } from "../harness.js"

const typing = (n: number) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) => simulator.dispatch({ t: "TYPING_START", d: { n } })
  )

/** Failures of handlers. */
const failures: ReadonlyArray<readonly [what: string, handler: Effect.Effect<unknown, string>]> = [
  ["fails", Effect.fail("no")],
  [
    "throws",
    Effect.sync(() => {
      throw new Error("oh")
    })
  ],
  ["dies", Effect.dieMessage("oh")],
  ["is interrupted by itself", Effect.interrupt],
  ["never ends", Effect.never]
]

describe("a handler that", () => {
  for (const [what, handler] of failures) {
    it.scoped(`${what} does the shard no harm, nor what other handlers get`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        const handled: Array<unknown> = []
        const run = yield* Effect.forkScoped(Effect.provideService(
          Events.run(
            Events.handlers({
              TYPING_START: (event) => Effect.sync(() => handled.push(event.d)),
              MESSAGE_CREATE: () => handler
            }),
            { concurrency: 2, order: "none" }
          ),
          Shard.Shard,
          shard
        ))
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* typing(1)
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: {} })
        yield* typing(2)
        yield* TestClock.adjust("10 minutes")
        yield* typing(3)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* shard.status)._tag, "Connected")
        assert.strictEqual((yield* entries("Opened")).length, 1)
        assert.deepStrictEqual(handled, [{ n: 1 }, { n: 2 }, { n: 3 }])
        assert.isNull(run.unsafePoll())
      }).pipe(withChance(0.5), Effect.provide(layer({ config: { drainTimeout: 0 } }))))

    it.scoped(`${what} may end its own run, and the next reader goes on`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        const run = yield* Effect.forkScoped(shard.runForEach(() => handler))
        yield* typing(1)
        yield* TestClock.adjust("1 minute")
        if (what === "never ends") {
          assert.isNull(run.unsafePoll())
          yield* Fiber.interrupt(run)
        } else {
          assert.isTrue(Exit.isFailure(yield* Fiber.await(run)))
        }
        yield* typing(2)
        assert.deepStrictEqual((yield* shard.nextEvent).d, { n: 2 })
        assert.strictEqual((yield* shard.status)._tag, "Connected")
        assert.strictEqual((yield* entries("Opened")).length, 1)
      }).pipe(withChance(0.5), Effect.provide(layer({ config: { drainTimeout: 0 } }))))
  }
})

/** A part of Vesper or of the program that throws at its first use after READY. */
interface Broken {
  readonly what: string
  readonly layer: Layer.Layer<never> | Layer.Layer<GatewaySocket.GatewaySocket, never, GatewaySocket.GatewaySocket>
}

const once = () => {
  let isBroken = true
  return () => {
    if (isBroken) {
      isBroken = false
      throw new Error("a defect")
    }
  }
}

const socketThat = (change: (open: GatewaySocket.GatewaySocket["open"]) => GatewaySocket.GatewaySocket["open"]) =>
  Layer.effect(
    GatewaySocket.GatewaySocket,
    Effect.map(GatewaySocket.GatewaySocket, ({ open }) => GatewaySocket.make(change(open)))
  )

const broken: ReadonlyArray<Broken> = [
  {
    what: "the socket, while it opens",
    layer: socketThat((open) => {
      const fail = once()
      return (url, handlers) => Effect.zipRight(Effect.sync(fail), open(url, handlers))
    })
  },
  {
    what: "the socket, while a heartbeat is written",
    layer: withFirstWrite(isHeartbeat, () => {
      throw new Error("a defect")
    })
  },
  {
    what: "the socket, while it closes",
    layer: socketThat((open) => {
      const fail = once()
      return (url, handlers) =>
        Effect.map(open(url, handlers), (connection) => ({
          ...connection,
          close: (frame) => Effect.zipRight(connection.close(frame), Effect.sync(fail))
        }))
    })
  },
  {
    what: "the decompressor, while it is made",
    layer: Layer.suspend(() => {
      const fail = once()
      return Decompressor.layer({
        ...Decompressor.none,
        make: Effect.zipRight(Effect.sync(fail), Decompressor.none.make)
      })
    })
  },
  {
    what: "the identify queue",
    layer: Layer.empty
  }
]

const brokenQueue = Layer.sync(IdentifyQueue.IdentifyQueue, () => {
  const fail = once()
  return IdentifyQueue.make(() => (identify) => Effect.zipRight(Effect.sync(fail), identify))
})

const isReported = (shard: Shard.Shard) =>
  Stream.runHead(
    Stream.filter(shard.diagnostics, (one) =>
      one._tag === "Failure" && one.error._tag === "DefectError" && one.error.message.includes(": a defect"))
  )

describe("a defect in", () => {
  for (const { layer: breaking, what } of broken) {
    it.scoped(`${what} restarts the connection, and is reported as a DefectError`, () =>
      Effect.gen(function*() {
        const shard = yield* Shard.make(ShardId.single)
        const reported = yield* Effect.fork(isReported(shard))
        yield* TestClock.adjust(0)
        yield* shard.connect
        yield* TestClock.adjust("2 minutes")
        if (what.includes("closes")) {
          yield* inject(Fault.Reconnect())
        }
        yield* TestClock.adjust("3 minutes")
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
        const found = yield* Fiber.poll(reported)
        assert.isTrue(
          Option.exists(found, (exit) => Exit.isSuccess(exit) && Option.isSome(exit.value)),
          "it was not reported"
        )
        assert.deepStrictEqual(yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (s) => s.violations), [])
      }).pipe(
        withChance(0.5),
        Effect.provide(breaking.pipe(
          Layer.provideMerge(what === "the identify queue" ? Layer.merge(layer(), brokenQueue) : layer())
        )),
        Effect.catchAllCause((cause) => Effect.die(Cause.squash(cause)))
      ))
  }
})
