/** Faults of a cluster, and the promises that it keeps in spite of them. */
import * as World from "@vesper/testing/World"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Duration from "effect/Duration"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import {
  type Acknowledge,
  both,
  conclude,
  elapsed,
  leaseSeconds,
  maxConcurrency,
  repeated,
  seconds,
  type Server,
  type Settings,
  shards,
  three,
  verdict,
  vesper
} from "./setup.js"
import * as Databases from "./databaseTrials.js"
import * as Errands from "./errandTrials.js"
import * as Isolation from "./isolationTrials.js"
import * as Proxy from "./proxy.js"
import * as Trial from "./trial.js"

const kill = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const trial = yield* three(settings, server, { acknowledge, fleet: `kill-${acknowledge}` })
    const times = yield* repeated(settings.times, (round) => {
      const runner = round % 3
      // It takes its share back, and the others resume once more.
      return Effect.tap(trial.kill(runner), Effect.zipRight(trial.start(runner), trial.awaitShares(3)))
    })
    yield* conclude(`3 runners, ${settings.times} kills`, trial, times, { acknowledge, within: leaseSeconds + 5 })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** Several runners are killed at the same moment; where none is left, all are started again. */
const killTogether = (count: number) => (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const trial = yield* three(settings, server, { acknowledge, fleet: `together-${count}-${acknowledge}` })
    const killed = [0, 1, 2].slice(0, count)
    const startAll = Effect.forEach(killed, trial.start)
    const isAll = count === 3
    const times = yield* repeated(Math.ceil(settings.times / 3), () =>
      elapsed(
        Effect.forEach(killed, (runner) => trial.signal(runner, "SIGKILL")).pipe(
          Effect.zipRight(Effect.forEach(killed, trial.awaitExit)),
          Effect.zipRight(Effect.sleep("200 millis")),
          Effect.zipRight(Effect.when(startAll, () => isAll)),
          Effect.zipRight(trial.awaitUp)
        )
      ).pipe(
        // A process takes its time to load its program.
        Effect.map((took) => isAll ? took - Math.max(...killed.map(trial.bootOf)) : took),
        Effect.tap(Effect.when(startAll, () => !isAll)),
        Effect.tap(trial.awaitShares(3))
      ))
    yield* conclude(`${count} of 3 runners killed together, ${times.length} times`, trial, times, {
      acknowledge,
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** A runner is stopped while the shards of a start under load identify. Only sessions that no store had are lost. */
const freezeStart = (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const trial = yield* Trial.make({
      shards,
      maxConcurrency,
      leaseSeconds,
      eventsPerSecond: 5 * settings.eventsPerSecond,
      database: () => server.url(server.port),
      runners: 3,
      acknowledge: "onHandled",
      fleet: "freeze-start"
    })
    yield* Effect.forEach([0, 1, 2], trial.start)
    const connected = Effect.map(trial.simulator.sessions, (all) => all.filter(({ isConnected }) => isConnected).length)
    yield* Effect.repeat(Effect.zipRight(Effect.sleep(5), connected), { until: (count) => count >= 5 })
    yield* trial.signal(1, "SIGSTOP")
    yield* Effect.sleep((leaseSeconds + 4) * 1_000)
    yield* trial.signal(1, "SIGCONT")
    yield* trial.awaitShares(3)
    const tally = yield* trial.settle
    const { counts, overlaps } = trial.witness
    yield* verdict(
      [
        "1 of 3 runners stopped in a start under load, onHandled",
        `  events: ${tally.sent} sent, ${tally.lost} lost, ${tally.twice} handled twice; ${counts.identified} identified`
      ],
      [
        ["never two owners", overlaps.length === 0],
        ["no event lost but of a session that no store had", tally.lost === 0 || counts.identified > shards]
      ],
      tally.strays
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** One runner is cut off the database. */
const cutDatabase = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const proxy = yield* Proxy.make(server.port)
    const trial = yield* three(settings, server, {
      acknowledge,
      fleet: `database-${acknowledge}`,
      database: (runner) => server.url(runner === 0 ? proxy.port : server.port)
    })
    const times = yield* repeated(Math.ceil(settings.times / 3), () =>
      // It serves on for a part of its lease; then the other two have all shards.
      Effect.tap(
        elapsed(Effect.zipRight(proxy.cut, trial.awaitShares(2))),
        Effect.zipRight(proxy.heal, trial.awaitShares(3))
      ))
    yield* conclude(`one of 3 runners cut off the database ${times.length} times`, trial, times, {
      acknowledge,
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** No runner reaches another, all reach the database and the gateway. */
const cutRunners = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const proxies: Array<Proxy.Proxy> = []
    const trial = yield* three(settings, server, {
      acknowledge,
      fleet: `runners-${acknowledge}`,
      reach: (_, port) =>
        Effect.map(Proxy.make(port), (proxy) => {
          proxies.push(proxy)
          return proxy.port
        })
    })
    const cut = Effect.forEach(proxies, (proxy) => proxy.cut)
    const heal = Effect.forEach(proxies, (proxy) => proxy.heal)
    const times = yield* repeated(Math.ceil(settings.times / 5), () =>
      cut.pipe(
        Effect.zipRight(Effect.sleep("40 seconds")),
        Effect.zipRight(heal),
        Effect.zipRight(elapsed(trial.awaitShares(3)))
      ))
    yield* conclude(`3 runners cut off each other ${times.length} times for 40 s`, trial, times, {
      acknowledge,
      within: 30
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** One runner is cut off the gateway: its shards stay, and reconnect with it. */
const cutGateway = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const { port } = yield* Trial.server
    const proxy = yield* Proxy.make(port)
    const trial = yield* three(settings, server, {
      acknowledge,
      fleet: `gateway-${acknowledge}`,
      proxy: (runner) => runner === 0 ? `ws://127.0.0.1:${proxy.port}/` : undefined
    })
    const times = yield* repeated(Math.ceil(settings.times / 3), () =>
      proxy.cut.pipe(
        Effect.zipRight(Effect.sleep("20 seconds")),
        Effect.zipRight(proxy.heal),
        Effect.zipRight(elapsed(trial.awaitShares(3)))
      ))
    yield* conclude(`one of 3 runners cut off the gateway ${times.length} times for 20 s`, trial, times, {
      acknowledge,
      // The longest pause before a reconnect is half a minute and more.
      within: 60,
      mayBeReplaced: true,
      isUnheard: true
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency, { heartbeatInterval: "5 seconds" })), Effect.scoped)

/** One runner is stopped for longer than its lease, and continues then. */
const freeze = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const trial = yield* three(settings, server, { acknowledge, fleet: `freeze-${acknowledge}` })
    const times = yield* repeated(Math.ceil(settings.times / 3), (round) => {
      const runner = round % 3
      return elapsed(Effect.zipRight(trial.signal(runner, "SIGSTOP"), trial.awaitShares(2))).pipe(
        Effect.tap(Effect.sleep("5 seconds")),
        // It finds its leases gone and its sockets closed, and takes a share again.
        Effect.tap(Effect.zipRight(trial.signal(runner, "SIGCONT"), trial.awaitShares(3)))
      )
    })
    yield* conclude(`one of 3 runners stopped ${times.length} times for longer than its lease`, trial, times, {
      acknowledge,
      within: leaseSeconds + 5,
      mayBeReplaced: true
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

const drainBy = (database: string, fleet: string, runner: string) =>
  Effect.async<void>((resume) => {
    execFile(
      process.execPath,
      [...vesper, "cluster", "drain", "--name", fleet, runner],
      { env: { ...process.env, VESPER_DATABASE: database } },
      (error) => resume(error === null ? Effect.void : Effect.die(error))
    )
  })

/** Three runners are drained one after the other with `vesper cluster drain`, and started again. */
const deploy = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const fleet = `deploy-${acknowledge}`
    const trial = yield* three(settings, server, { acknowledge, fleet })
    const times = yield* repeated(3, (runner) =>
      elapsed(
        drainBy(server.url(server.port), fleet, trial.nameOf(runner)).pipe(
          Effect.zipRight(trial.awaitExit(runner)),
          Effect.zipRight(trial.awaitShares(2)),
          Effect.zipRight(trial.start(runner)),
          Effect.zipRight(trial.awaitShares(3))
        )
      ))
    yield* conclude("3 runners drained and started again, one after the other", trial, times, {
      acknowledge,
      within: 120,
      isExact: true
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

const world = World.make({ seed: 3, guilds: 60, membersPerGuild: 2 })

const reshardWith = (
  settings: Settings,
  server: Server,
  acknowledge: Acknowledge,
  options: { readonly to: number; readonly isDisturbed: boolean }
) =>
  Effect.gen(function*() {
    const trial = yield* three(settings, server, {
      acknowledge,
      fleet: `reshard-${options.isDisturbed}-${acknowledge}`,
      guilds: world.guilds.map(({ id }) => id)
    })
    const disturbing = Effect.sleep("15 seconds").pipe(
      Effect.zipRight(trial.signal(1, "SIGKILL")),
      Effect.zipRight(trial.awaitExit(1)),
      Effect.zipRight(trial.start(1)),
      Effect.when(() => options.isDisturbed)
    )
    const [took] = yield* Effect.all([trial.reshard(options.to), disturbing], { concurrency: 2 })
    yield* Effect.sleep("5 seconds")
    const { counts } = trial.witness
    yield* conclude(
      `3 runners resharded from 12 to ${options.to}${options.isDisturbed ? ", one of them killed" : ""}`,
      trial,
      [took],
      {
        acknowledge,
        within: 180,
        // Parts that are begun again identify again.
        identified: options.isDisturbed ? counts.identified : shards + options.to
      }
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency, { world })), Effect.scoped)

const reshard = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  reshardWith(settings, server, acknowledge, { to: 16, isDisturbed: false })

const reshardAndKill = (settings: Settings, server: Server) => (acknowledge: Acknowledge) =>
  reshardWith(settings, server, acknowledge, { to: 16, isDisturbed: true })

/** One process with its database in a file, killed and started again at once. */
const restart = ({ eventsPerSecond, times: count }: Settings) => (acknowledge: Acknowledge) =>
  Effect.gen(function*() {
    const folder = yield* Trial.scratch
    const trial = yield* Trial.make({
      shards,
      maxConcurrency,
      leaseSeconds,
      eventsPerSecond,
      database: () => `${folder}/vesper.db`,
      runners: 1,
      isAlone: true,
      acknowledge,
      fleet: "alone"
    })
    yield* trial.start(0)
    yield* trial.awaitUp
    const boots: Array<number> = []
    const times = yield* repeated(count, () =>
      Effect.sleep("2 seconds").pipe(
        Effect.zipRight(trial.signal(0, "SIGKILL")),
        Effect.zipRight(trial.awaitExit(0)),
        Effect.zipRight(trial.start(0)),
        Effect.zipRight(trial.awaitUp),
        Effect.tap(() => Effect.sync(() => boots.push(trial.bootOf(0))))
      ))
    yield* Console.log(`of which a process took to load its program: ${boots.map(seconds).join(", ")}`)
    yield* conclude(`1 process on a file, ${count} kills and restarts`, trial, times, {
      acknowledge,
      within: leaseSeconds + 5
    })
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** Seconds of a core that a process has used, and the megabytes that it holds, as Linux has them. */
const readUsage = (pid: number) => {
  const fields = Fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  const held = /VmRSS:\s+(\d+)/.exec(Fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return { seconds: ticks / 100, megabytes: Number(held) / 1_024 }
}

const measured = Duration.seconds(15)

/** One runner with so many shards: what it uses, idle and with so many events a second, of which it does nothing. */
const measureSize = (count: number) =>
  Effect.gen(function*() {
    const folder = yield* Trial.scratch
    const trial = yield* Trial.make({
      shards: count,
      maxConcurrency: 16,
      leaseSeconds: 15,
      eventsPerSecond: 0,
      database: () => `${folder}/vesper.db`,
      runners: 1,
      isAlone: true,
      acknowledge: "onHandled",
      fleet: "size"
    })
    yield* trial.start(0)
    yield* trial.awaitUp
    yield* Effect.sleep("10 seconds")
    const lines: Array<string> = []
    const received = Effect.map(
      trial.simulator.sessions,
      (sessions) => sessions.reduce((sum, { sequence }) => sum + sequence, 0)
    )
    for (const eventsPerSecond of [0, 10 * count, 30 * count]) {
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Effect.forkScoped(trial.simulator.traffic({ eventsPerSecond }))
        yield* Effect.sleep("3 seconds")
        const before = readUsage(trial.pidOf(0))
        const sentBefore = yield* received
        const since = performance.now()
        yield* Effect.sleep(measured)
        const after = readUsage(trial.pidOf(0))
        // What the simulator has sent in fact: on a busy machine that is less.
        const rate = ((yield* received) - sentBefore) / ((performance.now() - since) / 1_000)
        const share = (after.seconds - before.seconds) / ((performance.now() - since) / 1_000)
        lines.push(
          `${count} shards, ${rate.toFixed(0)} events/s: ${(100 * share).toFixed(1)} % of a core, ${
            after.megabytes.toFixed(0)
          } MB`
        )
      }))
    }
    yield* Console.log(lines.join("\n"))
  }).pipe(
    Effect.provide(Trial.gateway(16, { world: World.make({ seed: 9, guilds: 20 * count, membersPerGuild: 5 }) })),
    Effect.scoped
  )

type OnServer = (settings: Settings, server: Server) => Effect.Effect<unknown>

const withBoth =
  (trial: (settings: Settings, server: Server) => (acknowledge: Acknowledge) => Effect.Effect<void>): OnServer =>
  (settings, server) => Effect.forEach(both, trial(settings, server))

/** Those that need PostgreSQL. */
export const onServer: Readonly<Record<string, OnServer>> = {
  kill: withBoth(kill),
  "kill-two": withBoth(killTogether(2)),
  "kill-all": withBoth(killTogether(3)),
  "freeze-start": freezeStart,
  "cut-database": withBoth(cutDatabase),
  "cut-runners": withBoth(cutRunners),
  "cut-gateway": withBoth(cutGateway),
  freeze: withBoth(freeze),
  deploy: withBoth(deploy),
  send: Errands.send,
  budget: Errands.budget,
  stuck: Errands.stuck,
  isolation: Isolation.isolation,
  statements: Databases.statements,
  slow: Databases.slow,
  refuse: Databases.refuse,
  short: Isolation.short,
  reshard: withBoth(reshard),
  "reshard-kill": withBoth(reshardAndKill)
}

/** Those on a file. */
export const onFile: Readonly<Record<string, (settings: Settings) => Effect.Effect<unknown>>> = {
  restart: (settings) => Effect.forEach(both, restart(settings)),
  size: () => Effect.forEach([10, 50, 100], measureSize)
}
