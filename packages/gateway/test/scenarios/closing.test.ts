/**
 * Ends a shard and a fleet in each phase of a connection: by `close`, by interrupting the program, and by closing the scope.
 * Each end is limited in virtual time and leaves no fiber, timer or connection.
 */
import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import * as Fleet from "../../src/Fleet.js"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import * as Shard from "../../src/Shard.js"
import type * as ShardStatus from "../../src/ShardStatus.js"
import { inject, layer, withChance } from "../harness.js"

type Services = Layer.Layer.Success<ReturnType<typeof layer>>

/** A shard or a fleet. */
interface Subject {
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  readonly reading: Effect.Effect<unknown, unknown>
  readonly close: Effect.Effect<unknown>
}

const subjects: Readonly<Record<string, Effect.Effect<Subject, never, Services | Scope.Scope>>> = {
  shard: Effect.map(Shard.make(ShardId.single), (shard) => ({
    shards: Effect.as(shard.connect, [shard]),
    reading: Stream.runDrain(shard.events),
    close: shard.close(CloseFrame.RESUME)
  })),
  fleet: Effect.map(Effect.orDie(Fleet.make({ shards: { total: 2 } })), (fleet) => ({
    shards: fleet.shards,
    reading: Stream.runDrain(fleet.events),
    close: fleet.close(CloseFrame.RESUME)
  }))
}

type End = "close" | "interruption" | "scope release"

const ends: ReadonlyArray<End> = ["close", "interruption", "scope release"]

interface Phase {
  readonly name: string
  /** The status of one shard in this phase. Default: any. */
  readonly status?: ShardStatus.ShardStatus["_tag"]
  /** Runs before the start. */
  readonly arrange?: Effect.Effect<void, never, Services>
  /** Runs once all shards are connected, with the first one. */
  readonly act?: (first: Shard.Shard) => Effect.Effect<unknown, unknown, Services>
  /** Time from the start or from `act` to the phase, in milliseconds. */
  readonly after: number
  readonly isRead?: boolean
}

const first = { shard: 0 }

const phases: ReadonlyArray<Phase> = [
  { name: "connects", status: "Connecting", arrange: inject(Fault.NeverOpen({ host: "any", times: 1 })), after: 200 },
  {
    name: "waits for the hello",
    status: "Connecting",
    arrange: inject(Fault.NeverHello({ host: "any", times: 1 })),
    after: 200
  },
  {
    name: "waits for its turn to identify",
    status: "Identifying",
    act: () => inject(Fault.InvalidSession({ resumable: false }), first),
    after: 3_500
  },
  {
    name: "identifies",
    status: "Identifying",
    arrange: inject(Fault.NeverReady({ host: "any", times: 1 })),
    after: 200
  },
  {
    name: "resumes",
    status: "Resuming",
    arrange: inject(Fault.NeverResumed({ host: "any", times: 1 })),
    act: () => inject(Fault.Drop(), first),
    after: 3_500
  },
  {
    name: "waits before it reconnects",
    status: "Disconnected",
    arrange: inject(Fault.RefuseConnections({ host: "any", times: 100, status: 503 })),
    after: 10_000
  },
  { name: "is connected", status: "Connected", after: 1_000 },
  {
    name: "is connected with a paused socket",
    status: "Connected",
    isRead: false,
    act: () =>
      Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
        Effect.forEach(
          Array.from({ length: 50 }, (_, content) => content),
          (content) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content }, shard: 0 })
        )),
    after: 1_000
  },
  {
    name: "is connected to a gateway that stalls",
    status: "Connected",
    act: () => inject(Fault.Stall(), first),
    after: 1_000
  },
  {
    name: "waits for requested members",
    status: "Connected",
    act: (shard) =>
      Effect.forkDaemon(Stream.runDrain(shard.requestGuildMembers({ guild_id: "1", query: "", limit: 0 }))),
    after: 1_000
  }
]

/** The latency of each direction. The end of a connection takes as long, because it waits for the gateway's close frame. */
const latency = 20

/** The longest end of a shard, in milliseconds: a gateway that stalls does not answer the close frame for a second. */
const limit = 1_500

/** A socket that waits for the gateway's close frame, as one of the network does. */
const slowSocket = Layer.effect(
  GatewaySocket.GatewaySocket,
  Effect.map(
    GatewaySocket.GatewaySocket,
    ({ open }) =>
      GatewaySocket.make((url, handlers) =>
        Effect.tap(open(url, handlers), () => Effect.addFinalizer(() => Effect.sleep(latency)))
      )
  )
)

const services = Layer.provideMerge(
  slowSocket,
  layer({
    config: { eventBufferSize: 10, intents: Intents.all },
    maxConcurrency: 2,
    simulator: { maxConcurrency: 2, latency }
  })
)

const statuses = (shards: ReadonlyArray<Shard.Shard>) =>
  Effect.forEach(shards, (shard) => Effect.map(shard.status, ({ _tag }) => _tag))

/** Starts the subject, and returns it with the effect that ends it. */
const start = (make: Effect.Effect<Subject, never, Services | Scope.Scope>, end: End) =>
  Effect.gen(function*() {
    if (end === "interruption") {
      const made = yield* Deferred.make<Subject>()
      const program = Effect.zipRight(Effect.flatMap(make, (subject) => Deferred.succeed(made, subject)), Effect.never)
      const fiber = yield* Effect.forkDaemon(Effect.scoped(program))
      return { subject: yield* Deferred.await(made), shut: Fiber.interrupt(fiber) }
    }
    const scope = yield* Scope.make()
    const subject = yield* Scope.extend(make, scope)
    const release = Scope.close(scope, Exit.void)
    return { subject, shut: end === "close" ? Effect.zipRight(subject.close, release) : release }
  })

/** Brings a subject to a phase and ends it there. */
const play = (make: Effect.Effect<Subject, never, Services | Scope.Scope>, end: End, phase: Phase) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make()
    const supervisor = yield* Supervisor.track
    yield* Effect.gen(function*() {
      yield* phase.arrange ?? Effect.void
      const { shards, shut } = yield* Effect.gen(function*() {
        const { shut, subject } = yield* start(make, end)
        const shards = yield* subject.shards
        yield* phase.isRead === false ? Effect.void : Effect.forkDaemon(subject.reading)
        if (phase.act !== undefined) {
          yield* Effect.sleep(10 * latency)
          assert.deepStrictEqual(yield* statuses(shards), shards.map(() => "Connected"))
          yield* Effect.forEach(shards.slice(0, 1), phase.act)
        }
        return { shards, shut }
      }).pipe(Effect.supervised(supervisor))
      yield* Effect.sleep(phase.after)
      const reached = yield* statuses(shards)
      assert.include(reached, phase.status ?? reached[0])

      const before = yield* Clock.currentTimeMillis
      const ending = yield* Effect.forkDaemon(Effect.zipRight(shut, Clock.currentTimeMillis))
      // An end that never completes must not hang the test.
      yield* Effect.sleep("1 minute")
      const exit = ending.unsafePoll()
      assert.isTrue(exit !== null, "it has ended")
      assert.isAtMost((yield* Fiber.join(ending)) - before, limit)
      assert.deepStrictEqual(yield* statuses(shards), shards.map(() => "Disconnected"))
      assert.strictEqual((yield* supervisor.value).length, 0, "fibers")
      assert.strictEqual(yield* clock.sleeping, 0, "timers")
      assert.strictEqual(
        yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.connections),
        0,
        "connections"
      )
    }).pipe(withChance(0.5), Effect.provide(services), clock.run)
  })

describe("ends within a second and a half and leaves nothing", () => {
  for (const [subject, make] of Object.entries(subjects)) {
    for (const end of ends) {
      for (const phase of phases) {
        it.live(`a ${subject} that ${phase.name}, by ${end}`, () => play(make, end, phase))
      }
    }
  }
})

describe("ends at each moment", () => {
  const losses: Readonly<Record<string, Fault.Fault>> = {
    "an invalid session": Fault.InvalidSession({ resumable: false }),
    "a reconnect request": Fault.Reconnect()
  }
  for (const [subject, make] of Object.entries(subjects)) {
    for (const end of ends) {
      for (const [name, fault] of Object.entries(losses)) {
        it.live(`a ${subject} after ${name}, by ${end}`, () =>
          Effect.gen(function*() {
            for (let moment = latency / 2; moment < 5 * latency; moment += latency) {
              yield* play(make, end, { name, act: () => inject(fault, first), after: moment })
            }
          }))
      }
    }
  }
})
