import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestContext from "effect/TestContext"
import * as Fleet from "../../src/Fleet.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as IdentifyQueueServer from "../../src/IdentifyQueueServer.js"
import * as IdentifyStore from "../../src/IdentifyStore.js"
import * as SessionStore from "../../src/SessionStore.js"
import { pass, withWallShift } from "../clocks.js"
import { awaitReady, entries, inject, layer, type Options, startShard, startShards, withChance } from "../harness.js"

const presence: Command.PresenceUpdate = {
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "online", activities: [] }
}

const plain = Either.getOrThrow(Command.requestSoundboardSounds({ guild_ids: ["1"] }))

const request = Either.getOrThrow(Command.requestGuildMembers({ guild_id: "1", query: "a", limit: 1 }))

type Life = Effect.Effect<
  unknown,
  unknown,
  Effect.Effect.Context<typeof startShard> | GatewaySimulator.GatewaySimulator
>

interface Phase {
  readonly name: string
  readonly options?: Options
  /** Runs until the wall clock is set. Returns the remaining part. */
  readonly before: Effect.Effect<Life, unknown, Effect.Effect.Context<Life>>
}

/** Starts a shard, waits for `before`, and returns a wait for `after`. */
const shardFor = (before: Duration.DurationInput, after: Duration.DurationInput = "5 minutes") =>
  Effect.as(Effect.zipLeft(startShard, pass(before)), pass(after))

const afterFault = (fault: Fault.Fault, before: Duration.DurationInput) =>
  Effect.zipRight(inject(fault), shardFor(before))

/** Starts a shard, waits until it is ready, injects a fault, and waits for `before`. */
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

/**
 * Closes a shard whose session store takes the given time. The connection after that shows the gateway when the close ended.
 */
const closing = (save: Effect.Effect<void>) =>
  Effect.gen(function*() {
    let isSlow = true
    const shard = yield* Effect.provideService(startShard, SessionStore.SessionStore, {
      load: () => Effect.succeedNone,
      save: () => Effect.suspend(() => isSlow ? save : Effect.void),
      remove: () => Effect.void
    })
    yield* pass("25 seconds")
    yield* Effect.forkScoped(Effect.zipRight(shard.close(CloseFrame.RESUME), shard.connect))
    yield* pass("1 second")
    const hurry = Effect.sync(() => {
      isSlow = false
    })
    return Effect.all([pass("10 seconds"), hurry, pass("10 seconds")])
  })

/** Closes the scope of a shard while a handler runs for longer than `drainTimeout`. */
const draining = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const shard = yield* Scope.extend(startShard, scope)
  yield* Effect.forkIn(shard.runForEach(() => Effect.sleep("5 minutes"), { concurrency: 1 }), scope)
  yield* pass("30 seconds")
  yield* Effect.forkScoped(Scope.close(scope, Exit.void))
  yield* pass("1 second")
  return pass("1 minute")
})

/** Runs `play` with shards that wait in a queue over HTTP, whose first `refused` answers are 503. */
const overHttp = (refused: number, play: Phase["before"]): Phase["before"] =>
  Effect.gen(function*() {
    const server = IdentifyQueueServer.make(yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 }))
    let requests = 0
    const client = HttpClient.make((request, url) =>
      Effect.map(
        requests++ < refused
          ? Effect.succeed(new Response(null, { status: 503 }))
          : Effect.provideService(
            Effect.map(Effect.scoped(server), (response) => HttpServerResponse.toWeb(response)),
            HttpServerRequest.HttpServerRequest,
            HttpServerRequest.fromWeb(new Request(url))
          ),
        (response) => HttpClientResponse.fromWeb(request, response)
      )
    )
    const queue = yield* Effect.provideService(IdentifyQueue.makeHttp("http://queue/"), HttpClient.HttpClient, client)
    return yield* Effect.provideService(play, IdentifyQueue.IdentifyQueue, queue)
  })

/** Starts four shards, the last of which waits for the next window, with a store that takes two seconds for each save. */
const recording = (before: Duration.DurationInput): Phase["before"] =>
  Effect.gen(function*() {
    const store: IdentifyStore.IdentifyStore = { initial: Option.none(), save: () => Effect.sleep("2 seconds") }
    const queue = yield* Effect.provideService(
      IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 3, reserve: 0, resetAfter: "1 minute" } }),
      IdentifyStore.CurrentIdentifyStore,
      store
    )
    yield* Effect.provideService(startShards(4), IdentifyQueue.IdentifyQueue, queue)
    yield* pass(before)
    return pass("90 seconds")
  })

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
  {
    name: "an acknowledgement",
    options: { simulator: { latency: "3 seconds" } },
    before: Effect.gen(function*() {
      const shard = yield* startShard
      yield* pass("26 seconds")
      return Effect.zipRight(
        pass("1 minute"),
        Effect.flatMap(shard.latency, ({ totalMillis }) => Effect.logInfo(totalMillis))
      )
    })
  },
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
  { name: "a close that waits for the session store", before: closing(Effect.sleep("3 seconds")) },
  { name: "a close whose session store does not answer", before: closing(Effect.never) },
  { name: "the time for running handlers", before: draining },
  {
    name: "the turn in a queue over HTTP",
    before: overHttp(0, Effect.as(Effect.zipLeft(startShards(4), pass("7 seconds")), pass("30 seconds")))
  },
  {
    name: "the pause before another request to a queue over HTTP",
    before: overHttp(4, shardFor("2 seconds", "1 minute"))
  },
  { name: "the record of an identify", before: recording("1 second") },
  { name: "the record of an identify that was written", before: recording("3 seconds") },
  { name: "the wait for the next window of identifies", before: recording("30 seconds") },
  { name: "the limit of bulk requests", before: sending(request, 100, "30 seconds") },
  { name: "the command limit", before: sending(plain, 117, "30 seconds") },
  { name: "the command limit with its rest", before: sending(request, 117, "62 seconds") },
  { name: "the presence window", before: sending(presence, 5, "10 seconds") },
  {
    name: "the time for an answer to a member request",
    before: Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const ask = Stream.runDrain(shard.requestGuildMembers({ guild_id: "1", query: "a", limit: 1 }))
      // The command shows the gateway the time at which the request fails.
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

/** The logs of the gateway and of the shard for a life in which the wall clock is moved by `millis` in the middle. */
const playPhase = ({ before, options }: Phase, millis: number) => {
  let shift = 0
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    // The log shows wall times.
    lines.push(String(message).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "a date"))
  })
  return Effect.gen(function*() {
    const after = yield* before
    shift = millis
    yield* after
    const opened = yield* entries("Opened")
    const received = yield* entries("Received")
    const closed = yield* entries("Closed")
    return {
      lines,
      opened: opened.map(({ at, url }) => [at, url]),
      received: received.map(({ at, connection, op }) => [at, connection, op]),
      closed: closed.map(({ at, by, connection }) => [at, connection, by])
    }
  }).pipe(
    withWallShift(() => shift),
    Logger.withMinimumLogLevel(LogLevel.Info),
    Effect.scoped,
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Effect.provide(layer(options)),
    withChance(0.5),
    Effect.provide(TestContext.TestContext)
  )
}

describe("a wall clock that is set forward or back by a second, an hour or a year", () => {
  for (const phase of phases) {
    it.live(`changes nothing during ${phase.name}`, () =>
      Effect.gen(function*() {
        const reference = yield* playPhase(phase, 0)
        assert.isAbove(reference.received.length, 1)
        for (const duration of shifts) {
          const millis = Duration.toMillis(duration)
          assert.deepStrictEqual(yield* playPhase(phase, millis), reference, `forward by ${duration}`)
          assert.deepStrictEqual(yield* playPhase(phase, -millis), reference, `back by ${duration}`)
        }
      }), 60_000)
  }
})
