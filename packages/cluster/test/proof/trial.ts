/**
 * Runs a cluster of processes against the simulated gateway under load, and lets runners die. The same code serves the
 * short test and the long proof (`npm run cluster:proof`).
 */
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { buildSync } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as ClusterAdmin from "../../src/ClusterAdmin.js"
import type * as ClusterStatus from "../../src/ClusterStatus.js"
import * as NodeCluster from "../../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../../src/SqlIdentifyQueue.js"
import * as Errand from "./errand.js"
import * as Witness from "./witness.js"

const runnerFile = fileURLToPath(new URL("runner.ts", import.meta.url))
const root = fileURLToPath(new URL("../../../../", import.meta.url))

/** With `PROOF_BUILT=1` processes run the result of `npm run build`: loading the sources takes them seconds. */
export const isBuilt = process.env["PROOF_BUILT"] === "1"

/** The runner without its types. It is in a folder from which its packages are found. */
const buildRunner = (): string => {
  // Of this process alone: another proof may be starting a runner.
  const outfile = Path.join(root, `node_modules/.cache/vesper/runner-${process.pid}.mjs`)
  process.on("exit", () => Fs.rmSync(outfile, { force: true }))
  buildSync({ entryPoints: [runnerFile], bundle: true, packages: "external", platform: "node", format: "esm", outfile })
  return outfile
}

const runnerArguments = isBuilt
  ? [buildRunner()]
  : ["--conditions=@vesper/source", "--import", "tsx", runnerFile]

export interface Options {
  /** The URL of the database for the runner of this number. */
  readonly database: (runner: number) => string
  readonly runners: number
  readonly shards: number
  readonly maxConcurrency: number
  readonly leaseSeconds: number
  readonly acknowledge: "onReceive" | "onHandled"
  readonly eventsPerSecond: number
  /** Its name in the database. */
  readonly fleet: string
  /** The bot's token. Default: `proof`. */
  readonly token?: string | undefined
  /** True for the only runner, which listens nowhere. Default: false. */
  readonly isAlone?: boolean | undefined
  /** The guilds that events happen in, in turn. Default: none, events are of shards. */
  readonly guilds?: ReadonlyArray<string> | undefined
  /** The port by which others reach the runner, by the one that it listens on. Default: the same. */
  readonly reach?: ((runner: number, listenPort: number) => Effect.Effect<number, never, Scope.Scope>) | undefined
  /** The identifies of a day. Default: 1000. */
  readonly total?: number | undefined
  /** By which URL the runner reaches the gateway. Default: the gateway's. */
  readonly proxy?: ((runner: number) => string | undefined) | undefined
}

export interface Trial {
  readonly simulator: GatewaySimulator.GatewaySimulator
  readonly witness: Witness.Witness
  /** Starts the runner of this number, which is not running. */
  readonly start: (runner: number) => Effect.Effect<void>
  readonly signal: (runner: number, signal: NodeJS.Signals) => Effect.Effect<void>
  /** The name of the runner of this number. */
  readonly nameOf: (runner: number) => string
  readonly pidOf: (runner: number) => number
  /** The time that the process took to load its program, in milliseconds. */
  readonly bootOf: (runner: number) => number
  readonly status: Effect.Effect<ClusterStatus.ClusterStatus>
  /** Asks the runner of this number to send a command to a guild, or for the status; its answer. */
  readonly ask: (runner: number, guild?: string) => Effect.Effect<Errand.Answer>
  /** The remaining identifies of the day, from the database. */
  readonly remaining: Effect.Effect<number>
  /** Changes the number of shards; how many milliseconds it took until all was done. */
  readonly reshard: (total: number) => Effect.Effect<number>
  /** Until the process is gone. */
  readonly awaitExit: (runner: number) => Effect.Effect<void>
  /** Until every shard has a connection with a session; how many milliseconds that took. */
  readonly awaitUp: Effect.Effect<number>
  /** Until as many runners have their share of the shards, and all of those are up. */
  readonly awaitShares: (runners: number) => Effect.Effect<void>
  /** Kills a runner with its shards; how many milliseconds it took until they were up elsewhere. */
  readonly kill: (runner: number) => Effect.Effect<number>
  /** Stops the load, and waits until nothing more is handled. */
  readonly settle: Effect.Effect<Tally>
}

export interface Tally {
  /** Events that were sent to a session. */
  readonly sent: number
  /** Of those, events that no runner has handled. */
  readonly lost: number
  /** Events that were handled more than once. */
  readonly twice: number
  /** The median of the time from an event to its handler, in milliseconds. */
  readonly delay: number
  /** Some of those that were not handled once, and when they were sent. */
  readonly strays: ReadonlyArray<string>
}

export const freePort = Effect.async<number>((resume) => {
  const server = Net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** A folder that is removed with the scope. */
export const scratch: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(tmpdir(), "vesper-cluster-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

/** The number of each event that was handled, after how many milliseconds, and by which process as which event. */
const readNotes = (folder: string): ReadonlyArray<readonly [number: number, delay: number, by: string]> =>
  Fs.readdirSync(folder)
    .filter((file) => file.endsWith(".handled"))
    .flatMap((file) =>
      Fs.readFileSync(Path.join(folder, file), "utf8").split("\n").filter((line) => line !== "").map((line) => {
        const [number, delay, place] = line.split(" ")
        return [
          Number(number),
          Number(delay),
          `${delay} ms later as ${place} by ${Path.basename(file, ".handled")}`
        ] as const
      })
    )

/** Until it is so; how many milliseconds that took. */
const inTime = (what: string, isSo: Effect.Effect<boolean>): Effect.Effect<number> =>
  Effect.suspend(() => {
    const since = performance.now()
    return Effect.sleep(20).pipe(
      Effect.zipRight(isSo),
      Effect.repeat({ until: (so) => so }),
      Effect.map(() => performance.now() - since),
      Effect.timeoutFail({ duration: "3 minutes", onTimeout: () => new Error(`3 minutes went by before ${what}`) }),
      Effect.orDie
    )
  })

export const make = (options: Options): Effect.Effect<
  Trial,
  never,
  GatewaySimulator.GatewaySimulator | GatewayServer.GatewayServer | Scope.Scope
> =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const { url } = yield* GatewayServer.GatewayServer
    const witness = yield* Witness.make(simulator)
    const folder = yield* scratch
    const listenPorts = yield* Effect.all(Array.from({ length: options.runners }, () => freePort))
    const ports = yield* Effect.forEach(
      listenPorts,
      (port, runner) => options.reach?.(runner, port) ?? Effect.succeed(port)
    )
    let shards = options.shards
    const { total = 1_000 } = options
    const database = yield* Layer.build(Layer.orDie(NodeCluster.layerDatabase(Redacted.make(options.database(-1)))))
    const children = new Map<number, ChildProcess>()
    const births = new Map<number, { readonly at: number; readonly file: string }>()
    const log = Fs.openSync(process.env["PROOF_LOG"] ?? Path.join(folder, "runners.log"), "a")
    let lives = 0
    const asked = new Map<number, (answer: Errand.Answer) => void>()
    let errands = 0

    const ask: Trial["ask"] = (runner, guild) =>
      Effect.async<Errand.Answer>((resume) => {
        const errand: Errand.Errand = { number: errands++, guild }
        asked.set(errand.number, (answer) => resume(Effect.succeed(answer)))
        children.get(runner)?.send(errand)
      })

    const start = (runner: number) =>
      Effect.sync(() => {
        const proxy = options.proxy?.(runner)
        const file = Path.join(folder, `${runner}-${lives++}.handled`)
        births.set(runner, { at: Date.now(), file })
        const child = spawn(process.execPath, runnerArguments, {
          cwd: root,
          stdio: ["ignore", log, log, "ipc"],
          env: {
            ...process.env,
            PROOF_DATABASE: options.database(runner),
            PROOF_GATEWAY: url,
            PROOF_SHARDS: String(options.shards),
            PROOF_PORT: String(ports[runner]),
            PROOF_LISTEN_PORT: String(listenPorts[runner]),
            PROOF_ALONE: String(options.isAlone ?? false),
            ...(proxy !== undefined && { PROOF_PROXY: proxy }),
            PROOF_FLEET: options.fleet,
            PROOF_TOKEN: options.token ?? "proof",
            PROOF_TOTAL: String(total),
            PROOF_LEASE: `${options.leaseSeconds} seconds`,
            PROOF_ACKNOWLEDGE: options.acknowledge,
            PROOF_MAX_CONCURRENCY: String(options.maxConcurrency),
            PROOF_FILE: file
          }
        })
        child.on("message", (message) => {
          if (Errand.isAnswer(message)) {
            asked.get(message.number)?.(message)
          }
        })
        children.set(runner, child)
      })
    yield* Effect.addFinalizer(() => Effect.sync(() => children.forEach((child) => child.kill("SIGKILL"))))

    const isUp = Effect.map(simulator.sessions, (sessions) => {
      const up = new Set(sessions.filter((session) => session.isConnected).map(({ shard }) => shard))
      return up.size === shards
    })

    let sent = 0
    const sentAt: Array<number> = []
    let isLoading = true
    const { guilds = [] } = options
    const load = Effect.gen(function*() {
      let owed = 0
      let turn = 0
      while (true) {
        yield* Effect.sleep(20)
        owed += options.eventsPerSecond / 50
        for (; isLoading && owed >= 1; owed--) {
          turn++
          const guildId = guilds[turn % guilds.length]
          const place = guildId === undefined ? {} : { guild_id: guildId, id: String(turn) }
          const reached = yield* simulator.dispatch({
            t: "MESSAGE_CREATE",
            d: { number: sent, at: Date.now(), content: "numbered", ...place },
            ...(guildId === undefined ? { shard: turn % shards } : { guildId })
          })
          // Without a session Discord would not keep it.
          if (reached > 0) {
            sentAt[sent++] = Date.now()
          }
        }
      }
    })
    yield* Effect.forkScoped(load)

    const tally = Effect.sync((): Tally => {
      const counts = new Map<number, number>()
      const notes = readNotes(folder)
      notes.forEach(([number]) => counts.set(number, (counts.get(number) ?? 0) + 1))
      const delays = notes.map(([, delay]) => delay).sort((a, b) => a - b)
      const stray = sentAt.flatMap((at, number) => counts.get(number) === 1 ? [] : [{ number, at }])
      const findCount = (number: number) => counts.get(number) ?? 0
      const strays = stray.sort((a, b) => findCount(b.number) - findCount(a.number)).map(({ at, number }) =>
        `event ${number}, sent at ${new Date(at).toISOString()}, handled ${
          notes.flatMap(([other, , by]) => other === number ? [by] : []).join(", ") || "by no process"
        }`
      )
      return {
        sent,
        lost: sent - counts.size,
        delay: delays[Math.floor(delays.length / 2)] ?? 0,
        twice: Array.from(counts.values()).filter((count) => count > 1).length,
        strays: strays.slice(0, 20)
      }
    })

    const signal = (runner: number, signal: NodeJS.Signals) => Effect.sync(() => children.get(runner)?.kill(signal))
    const awaitExit = (runner: number) =>
      Effect.asVoid(Effect.repeat(Effect.sleep(20), {
        until: () => {
          const child = children.get(runner)
          return child === undefined || child.exitCode !== null || child.signalCode !== null
        }
      }))
    // The first runner creates the tables, and on a busy machine the database may take its time.
    const patience = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(300))
    const status = Effect.provide(Effect.orDie(Effect.retry(ClusterAdmin.status(options.fleet), patience)), database)
    const awaitUp = inTime("all shards were up", isUp)
    const isShared = (runners: number) =>
      Effect.zipWith(isUp, status, (up, status) => {
        const shares = status.runners.filter((runner) => runner.shards.length >= Math.floor(shards / runners))
        return up && shares.length === runners &&
          status.shards.every((shard) => Option.contains(shard.status, "Connected"))
      })

    return {
      simulator,
      witness,
      start,
      signal,
      nameOf: (runner) => `127.0.0.1:${ports[runner]}`,
      pidOf: (runner) => children.get(runner)?.pid ?? 0,
      bootOf: (runner) => {
        const { at, file } = births.get(runner) ?? { at: 0, file: "" }
        return Number(Fs.readFileSync(`${file}.booted`, "utf8")) - at
      },
      status,
      ask,
      remaining: SqlIdentifyQueue.make({
        maxConcurrency: options.maxConcurrency,
        name: options.fleet,
        reserve: 0,
        total
      }).pipe(
        Effect.orDie,
        Effect.flatMap((queue) => queue.budget),
        Effect.map(Option.match({ onNone: () => total, onSome: ({ remaining }) => remaining })),
        Effect.provide(database)
      ),
      reshard: (total) =>
        Effect.provide(Effect.orDie(ClusterAdmin.reshard(total, options.fleet)), database).pipe(
          Effect.zipRight(inTime(
            `the bot had ${total} shards`,
            Effect.map(status, (now) => now.total === total && Option.isNone(now.resharding))
          )),
          Effect.tap(Effect.sync(() => {
            shards = total
          })),
          Effect.flatMap((before) => Effect.map(awaitUp, (after) => before + after))
        ),
      awaitExit,
      awaitUp,
      awaitShares: (runners) => Effect.asVoid(inTime("the shards were shared out", isShared(runners))),
      kill: (runner) =>
        signal(runner, "SIGKILL").pipe(
          Effect.zipRight(inTime("the gateway saw it die", Effect.map(isUp, (up) => !up))),
          Effect.flatMap((before) => Effect.map(awaitUp, (after) => before + after))
        ),
      settle: Effect.gen(function*() {
        isLoading = false
        let now = yield* tally
        // Events that wait in a runner are handled, or another save of the session releases them. A busy machine takes longer.
        for (let quiet = 0; quiet < (now.lost === 0 ? 1 : 5);) {
          const { lost } = now
          yield* Effect.sleep("2 seconds")
          now = yield* tally
          quiet = now.lost === lost ? quiet + 1 : 0
        }
        return now
      })
    }
  })

/** The server of the trial's gateway. */
export const server = GatewayServer.GatewayServer

/** The trial's gateway itself. */
export const simulator = GatewaySimulator.GatewaySimulator

/** A gateway of its own for each trial. */
export const gateway = (maxConcurrency: number, options: GatewaySimulator.Options = {}) =>
  Layer.provideMerge(
    Layer.orDie(GatewayServer.layer()),
    GatewaySimulator.layer({ maxConcurrency, replayLimit: 100_000, ...options })
  )
