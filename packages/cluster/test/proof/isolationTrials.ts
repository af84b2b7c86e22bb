/** Two fleets of two bots in one database, with faults in both at the same time. */
import * as World from "@vesper/testing/World"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Proxy from "./proxy.js"
import {
  type Acknowledge,
  conclude,
  elapsed,
  leaseSeconds as usualLease,
  type Server,
  type Settings,
  three
} from "./setup.js"
import * as Trial from "./trial.js"

const world = World.make({ seed: 4, guilds: 64, membersPerGuild: 1 })

/** A token of a bot with this id, as far as it says so. */
const makeToken = (id: number) => `${Buffer.from(String(id)).toString("base64url")}.proof.proof`

interface Life {
  readonly acknowledge: Acknowledge
  readonly bot: number
  readonly runners: number
  readonly shards: number
  /** The time in milliseconds for which the faults are repeated. */
  readonly duration: number
  readonly isResharded: boolean
  readonly leaseSeconds: number
}

/** One fleet: killed, cut off the database and drained in turn, and resharded at last. */
const live = (settings: Settings, server: Server, life: Life) =>
  Effect.gen(function*() {
    const { acknowledge, bot, duration, isResharded, leaseSeconds, runners, shards } = life
    const proxy = yield* Proxy.make(server.port)
    const last = runners - 1
    const trial = yield* three(settings, server, {
      acknowledge,
      runners,
      shards,
      leaseSeconds,
      fleet: `bot-${bot}`,
      token: makeToken(bot),
      // Discord sends events without a guild to shard 0 alone, and both sets of a resharding receive those of other shards.
      guilds: world.guilds.map(({ id }) => id),
      database: (runner) => server.url(runner === last ? proxy.port : server.port)
    })
    const times: Array<number> = []
    const until = performance.now() + duration
    do {
      times.push(yield* trial.kill(0))
      yield* Effect.zipRight(trial.start(0), trial.awaitShares(runners))
      times.push(yield* elapsed(Effect.zipRight(proxy.cut, trial.awaitShares(runners - 1))))
      yield* Effect.zipRight(proxy.heal, trial.awaitShares(runners))
      yield* Effect.zipRight(trial.signal(0, "SIGTERM"), trial.awaitExit(0))
      yield* Effect.zipRight(trial.start(0), trial.awaitShares(runners))
    } while (performance.now() < until)
    yield* isResharded ? Effect.zipRight(trial.reshard(2 * shards), Effect.sleep("3 seconds")) : Effect.void
    yield* conclude(`bot ${bot}, ${runners} runners, ${shards} shards, ${times.length} faults`, trial, times, {
      acknowledge,
      within: leaseSeconds + 5,
      identified: isResharded ? 3 * shards : shards
    })
  }).pipe(Effect.provide(Trial.gateway(16, { world })), Effect.scoped)

const beside = (settings: Settings, server: Server, life: Omit<Life, "acknowledge" | "bot">) =>
  Effect.zipRight(
    Console.log("two bots with a fleet each in one database"),
    Effect.all([
      live(settings, server, { ...life, bot: 101, acknowledge: "onHandled" }),
      live(settings, server, { ...life, bot: 202, acknowledge: "onReceive" })
    ], { concurrency: 2 })
  )

/** For five minutes. */
export const isolation = (settings: Settings, server: Server) =>
  beside(settings, server, { runners: 3, shards: 8, leaseSeconds: usualLease, duration: 300_000, isResharded: true })

/** Once, for each run of the gate, with a lease that a busy machine does not lose. */
export const short = (settings: Settings, server: Server) =>
  beside({ ...settings, eventsPerSecond: 40 }, server, {
    runners: 2,
    shards: 4,
    leaseSeconds: 15,
    duration: 0,
    isResharded: false
  })
