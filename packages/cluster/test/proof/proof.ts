/**
 * The long proof: three runners on PostgreSQL under load, one of them killed again and again; then network splits; then
 * one process on a file, killed and started again. Prints what was measured, and fails if a promise was broken.
 *
 * `npm run cluster:proof -- [kills] [events per second]`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Postgres from "./postgres.js"
import * as Proxy from "./proxy.js"
import * as Trial from "./trial.js"

const [kills = 10, eventsPerSecond = 200] = process.argv.slice(2).map(Number)
const leaseSeconds = 6
const shards = 12
const maxConcurrency = 4

const seconds = (millis: number) => `${(millis / 1_000).toFixed(1)} s`

const conclude = (name: string, trial: Trial.Trial, tally: Trial.Tally, times: ReadonlyArray<number>, options: {
  readonly mayLose: boolean
  readonly mayRepeat: boolean
  readonly within: number
}) => {
  const { counts, overlaps, violations } = trial.witness
  const worst = Math.max(...times)
  const promises: ReadonlyArray<readonly [string, boolean]> = [
    [`back within ${options.within} s`, worst <= options.within * 1_000],
    ["no event lost", options.mayLose || tally.lost === 0],
    ["no event handled twice", options.mayRepeat || tally.twice === 0],
    ["never two owners", overlaps.length === 0],
    ["nothing that Discord would punish", violations.length === 0],
    ["no identify but the first", counts.identified === shards]
  ]
  const broken = promises.filter(([, isKept]) => !isKept).map(([promise]) => promise)
  return Console.log(
    [
      name,
      `  away: ${times.map(seconds).join(", ")}`,
      `  events: ${tally.sent} sent, ${tally.lost} lost, ${tally.twice} handled twice`,
      `  sessions: ${counts.identified} identified, ${counts.resumed} resumed, ${counts.ended} ended`,
      ...[...overlaps, ...violations].slice(0, 10).map((line) => `  ! ${line}`),
      broken.length === 0 ? "  every promise was kept" : `  BROKEN: ${broken.join("; ")}`
    ].join("\n")
  ).pipe(
    Effect.zipRight(
      broken.length === 0 ? Effect.void : Effect.sync(() => {
        process.exitCode = 1
      })
    )
  )
}

const common = { shards, maxConcurrency, leaseSeconds, eventsPerSecond }

const killing = (url: string, acknowledge: "onReceive" | "onHandled") =>
  Effect.gen(function*() {
    const trial = yield* Trial.make({ ...common, database: () => url, runners: 3, acknowledge, fleet: acknowledge })
    yield* Effect.forEach([0, 1, 2], trial.start)
    yield* trial.awaitShares(3)
    const times: Array<number> = []
    for (let kill = 0; kill < kills; kill++) {
      const runner = kill % 3
      times.push(yield* trial.kill(runner))
      // It takes its share back, and the others resume once more.
      yield* trial.start(runner)
      yield* trial.awaitShares(3)
    }
    const tally = yield* trial.settle
    yield* conclude(`PostgreSQL, 3 runners, ${kills} kills, ${acknowledge}`, trial, tally, times, {
      mayLose: acknowledge === "onReceive",
      mayRepeat: acknowledge === "onHandled",
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

const splitting = (port: number, url: (port: number) => string, acknowledge: "onReceive" | "onHandled") =>
  Effect.gen(function*() {
    const proxy = yield* Proxy.make(port)
    const trial = yield* Trial.make({
      ...common,
      database: (runner) => url(runner === 0 ? proxy.port : port),
      runners: 3,
      acknowledge,
      fleet: `split-${acknowledge}`
    })
    yield* Effect.forEach([0, 1, 2], trial.start)
    yield* trial.awaitShares(3)
    const times: Array<number> = []
    for (let split = 0; split < 3; split++) {
      const since = performance.now()
      yield* proxy.cut
      // The runner that is cut off serves on for a part of its lease; then the other two have all shards.
      yield* trial.awaitShares(2)
      times.push(performance.now() - since)
      yield* proxy.heal
      yield* trial.awaitShares(3)
    }
    const tally = yield* trial.settle
    yield* conclude(`PostgreSQL, 3 runners, one cut from it 3 times, ${acknowledge}`, trial, tally, times, {
      mayLose: acknowledge === "onReceive",
      mayRepeat: acknowledge === "onHandled",
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

const alone = (acknowledge: "onReceive" | "onHandled") =>
  Effect.gen(function*() {
    const folder = yield* Trial.scratch
    const trial = yield* Trial.make({
      ...common,
      database: () => `${folder}/vesper.db`,
      runners: 1,
      acknowledge,
      fleet: "alone"
    })
    yield* trial.start(0)
    yield* trial.awaitUp
    const times: Array<number> = []
    for (let kill = 0; kill < kills; kill++) {
      yield* Effect.sleep("2 seconds")
      yield* trial.signal(0, "SIGKILL")
      yield* trial.awaitExit(0)
      yield* trial.start(0)
      times.push(yield* trial.awaitUp)
    }
    const tally = yield* trial.settle
    yield* conclude(`SQLite, 1 process, ${kills} kills and restarts, ${acknowledge}`, trial, tally, times, {
      mayLose: acknowledge === "onReceive",
      mayRepeat: acknowledge === "onHandled",
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

const both = ["onHandled", "onReceive"] as const

const program = Effect.gen(function*() {
  const postgres = yield* Postgres.start
  yield* Option.match(postgres, {
    onNone: () => Console.log("NO POSTGRESQL HERE (apt-get install postgresql): only SQLite is tried"),
    onSome: ({ port, url }) =>
      Effect.zipRight(
        Effect.forEach(both, (acknowledge) => killing(url(port), acknowledge)),
        Effect.forEach(both, (acknowledge) => splitting(port, url, acknowledge))
      )
  })
  yield* Effect.forEach(both, alone)
})

NodeRuntime.runMain(Effect.scoped(program))
