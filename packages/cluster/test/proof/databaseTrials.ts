/** Load and faults of the database. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Acknowledge, conclude, type Server, type Settings, strays, three, verdict } from "./setup.js"
import * as Statements from "./statements.js"
import * as Trial from "./trial.js"

const leaseSeconds = 15

/** Identifies at a time, so that 300 shards start in half a minute. */
const maxConcurrency = 64

const counted = (
  server: Server,
  settings: Settings,
  more: Partial<Trial.Options> & {
    readonly fleet: string
    readonly acknowledge: Acknowledge
  }
) =>
  Effect.gen(function*() {
    const ways = yield* Effect.all(Array.from({ length: more.runners ?? 3 }, () => Statements.make(server.port)))
    const trial = yield* three(settings, server, {
      leaseSeconds,
      maxConcurrency,
      database: (runner) => server.url(ways[runner]?.port ?? server.port),
      ...more
    })
    return { trial, ways }
  })

/** Statements a second of each runner in a steady state. */
const measureRate = (
  count: number,
  runners: number,
  acknowledge: Acknowledge,
  limit: number
) =>
(settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const { trial, ways } = yield* counted(server, { ...settings, eventsPerSecond: 60 }, {
      acknowledge,
      runners,
      shards: count,
      fleet: `statements-${count}-${acknowledge}`
    })
    yield* Effect.sleep("5 seconds")
    const before = ways.map((way) => way.count())
    const since = performance.now()
    yield* Effect.sleep("20 seconds")
    const rates = ways.map((way, index) => (way.count() - (before[index] ?? 0)) / ((performance.now() - since) / 1_000))
    const tally = yield* trial.settle
    yield* verdict(
      [
        `${count} shards on ${runners} runners, 60 events a second, ${acknowledge}`,
        `  statements a second: ${rates.map((rate) => rate.toFixed(2)).join(", ")}`,
        `  from an event to its handler: ${tally.delay} ms at the median`
      ],
      [
        [`at most ${limit} for each runner`, rates.every((rate) => rate <= limit)],
        ["at most 60 ms from an event to its handler", tally.delay <= 60],
        ["no event lost", tally.lost === 0]
      ]
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** The statements of a runner, by its number of shards. */
export const statements = (settings: Settings, server: Server) =>
  Effect.forEach([
    measureRate(24, 3, "onHandled", 3),
    measureRate(10, 1, "onHandled", 3),
    measureRate(100, 1, "onHandled", 3),
    measureRate(24, 3, "onReceive", 23)
  ], (trial) => trial(settings, server))

/** A database that takes its time for a minute, then is well. */
const slowed = (count: number, millis: number) => (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const acknowledge = "onHandled"
    const { trial, ways } = yield* counted(server, { ...settings, eventsPerSecond: 60 }, {
      acknowledge,
      shards: count,
      fleet: `slow-${count}`
    })
    const { resumed } = trial.witness.counts
    yield* Effect.forEach(ways, (way) => way.delay(millis))
    yield* Effect.sleep("60 seconds")
    yield* Effect.forEach(ways, (way) => way.delay(0))
    const lost = trial.witness.counts.resumed - resumed
    const status = yield* trial.status
    const down = status.shards.filter(({ status }) => !Option.contains(status, "Connected"))
    yield* conclude(`3 runners, ${count} shards, a database ${millis} ms away for a minute`, trial, [0], {
      acknowledge,
      within: 1,
      identified: count
    })
    yield* verdict(
      strays(down.map(({ id }) => `shard ${id.id} is not connected`), 5),
      [["no lease lost", lost === 0], ["all shards connected", down.length === 0]]
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

export const slow = (settings: Settings, server: Server) =>
  Effect.zipRight(slowed(60, 700)(settings, server), slowed(300, 250)(settings, server))

/** The database refuses connections to one runner for a third of the lease, again and again. */
export const refuse = (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const acknowledge = "onHandled"
    const { trial, ways } = yield* counted(server, settings, { acknowledge, fleet: "refuse" })
    const { resumed } = trial.witness.counts
    for (let round = 0; round < settings.times; round++) {
      yield* ways[0]?.refuse(true) ?? Effect.void
      yield* Effect.sleep(leaseSeconds * 1_000 / 3)
      yield* ways[0]?.refuse(false) ?? Effect.void
      yield* Effect.sleep(3_000 + 500 * round)
    }
    const lost = trial.witness.counts.resumed - resumed
    yield* conclude(`1 of 3 runners refused by the database ${settings.times} times for a third of the lease`, trial, [
      0
    ], {
      acknowledge,
      within: 1,
      isExact: true
    })
    yield* verdict([], [["no lease lost", lost === 0]])
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)
