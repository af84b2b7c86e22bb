import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as TestContext from "effect/TestContext"
import * as Fleet from "../../src/Fleet.js"
import { pass, withWallShift } from "../clocks.js"
import { awaitReady, entries, inject, layer, type Options, startShard, startShards, withChance } from "../harness.js"

const presence: Command.PresenceUpdate = {
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "online", activities: [] }
}

const request = Either.getOrThrow(Command.requestGuildMembers({ guild_id: "1", query: "a", limit: 1 }))

type Life = Effect.Effect<
  unknown,
  unknown,
  Effect.Effect.Context<typeof startShard> | GatewaySimulator.GatewaySimulator
>

interface Phase {
  readonly name: string
  readonly options?: Options
  /** Runs until the wall clock is set. Returns the rest. */
  readonly before: Effect.Effect<Life, unknown, Effect.Effect.Context<Life>>
}

/** Starts a shard and lets some time pass; the rest of its life is the same again. */
const shardFor = (before: Duration.DurationInput, after: Duration.DurationInput = "5 minutes") =>
  Effect.as(Effect.zipLeft(startShard, pass(before)), pass(after))

const afterFault = (fault: Fault.Fault, before: Duration.DurationInput) =>
  Effect.zipRight(inject(fault), shardFor(before))

/** Starts a shard, waits until it is ready and injects a fault; time passes before the wall clock is set. */
const readyThen = (fault: Fault.Fault, before: Duration.DurationInput) =>
  Effect.gen(function*() {
    const shard = yield* startShard
    yield* awaitReady(shard)
    yield* pass("90 seconds")
    yield* inject(fault)
    yield* pass(before)
    return pass("5 minutes")
  })

const sending = (command: Command.Command, count: number, before: Duration.DurationInput) =>
  Effect.gen(function*() {
    const shard = yield* startShard
    yield* awaitReady(shard)
    const send = Effect.forkScoped(shard.command(command))
    yield* Effect.replicateEffect(send, count, { discard: true })
    yield* pass(before)
    return Effect.zipRight(Effect.replicateEffect(send, count, { discard: true }), pass("5 minutes"))
  })

const always = Number.POSITIVE_INFINITY

const phases: ReadonlyArray<Phase> = [
  { name: "the opening", before: afterFault(Fault.NeverOpen({ host: "any", times: 1 }), "5 seconds") },
  { name: "the hello", before: afterFault(Fault.NeverHello({ host: "any", times: 1 }), "5 seconds") },
  { name: "the identify", options: { simulator: { latency: "2 seconds" } }, before: shardFor("3 seconds") },
  {
    name: "the turn to identify",
    before: Effect.as(Effect.zipLeft(startShards(4), pass("7 seconds")), pass("5 minutes"))
  },
  { name: "READY", before: afterFault(Fault.NeverReady({ host: "any", times: 1 }), "5 seconds") },
  { name: "the resume", before: readyThen(Fault.Drop(), 0) },
  {
    name: "RESUMED",
    before: Effect.zipRight(
      inject(Fault.NeverResumed({ host: "any", times: 2 })),
      readyThen(Fault.Drop(), "5 seconds")
    )
  },
  { name: "the first heartbeat", before: shardFor("10 seconds") },
  { name: "a heartbeat", before: shardFor("50 seconds") },
  { name: "an acknowledgement", options: { simulator: { latency: "3 seconds" } }, before: shardFor("26 seconds") },
  { name: "a zombie", before: readyThen(Fault.StopAcknowledging(), "30 seconds") },
  {
    name: "the back-off",
    before: afterFault(Fault.RefuseConnections({ host: "any", times: 12, status: 503 }), "20 seconds")
  },
  {
    name: "the time to keep a session",
    before: Effect.zipRight(
      inject(Fault.RefuseConnections({ host: "resume", times: always, status: 503 })),
      readyThen(Fault.Drop(), "10 seconds")
    )
  },
  {
    name: "the session that becomes stable",
    before: afterFault(Fault.AcceptThenClose({ host: "any", times: 3 }), "30 seconds")
  },
  { name: "the command limit", before: sending(request, 100, "30 seconds") },
  { name: "the command limit with its rest", before: sending(request, 117, "62 seconds") },
  { name: "the presence window", before: sending(presence, 5, "10 seconds") },
  {
    name: "the time for an answer to a member request",
    before: Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const ask = Stream.runDrain(shard.requestGuildMembers({ guild_id: "1", query: "a", limit: 1 }))
      // The gateway sees by the command when the request has failed.
      yield* Effect.forkScoped(Effect.zipRight(Effect.ignore(ask), shard.command(presence)))
      yield* pass("10 seconds")
      return pass("5 minutes")
    })
  },
  {
    name: "the pace of a fleet's reconnects",
    options: { maxConcurrency: 16, simulator: { maxConcurrency: 16 } },
    before: Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 6 }, reconnects: { burst: 1, perSecond: 0.5 } })
      yield* pass("5 seconds")
      yield* fleet.awaitReady
      const loss = Effect.zipRight(inject(Fault.Close({ code: 4000, reason: "" })), pass("3 seconds"))
      yield* loss
      return Effect.zipRight(loss, pass("5 minutes"))
    })
  }
]

const shifts = ["1 second", "1 hour", "365 days"] as const

/** Everything that the gateway saw of a life in which the wall clock is set by `millis` in the middle. */
const historyOf = ({ before, options }: Phase, millis: number) => {
  let shift = 0
  return Effect.gen(function*() {
    const after = yield* before
    shift = millis
    yield* after
    const opened = yield* entries("Opened")
    const received = yield* entries("Received")
    const closed = yield* entries("Closed")
    return {
      opened: opened.map(({ at, url }) => [at, url]),
      received: received.map(({ at, connection, op }) => [at, connection, op]),
      closed: closed.map(({ at, by, connection }) => [at, connection, by])
    }
  }).pipe(
    withWallShift(() => shift),
    Effect.scoped,
    Effect.provide(layer(options)),
    withChance(0.5),
    Effect.provide(TestContext.TestContext)
  )
}

describe("a wall clock that is set forward or back by a second, an hour or a year", () => {
  for (const phase of phases) {
    it.live(`changes nothing during ${phase.name}`, () =>
      Effect.gen(function*() {
        const reference = yield* historyOf(phase, 0)
        assert.isAbove(reference.received.length, 1)
        for (const duration of shifts) {
          const millis = Duration.toMillis(duration)
          assert.deepStrictEqual(yield* historyOf(phase, millis), reference, `forward by ${duration}`)
          assert.deepStrictEqual(yield* historyOf(phase, -millis), reference, `back by ${duration}`)
        }
      }))
  }
})
