/**
 * Runs other clients on the simulated gateway and prints a table of their results:
 *
 *     npm run test:foreign [-- client...]
 *
 * A client fails if it reports an error, if an expected reaction is missing, or if the simulator records a violation.
 */
import * as Fault from "@vesper/testing/Fault"
import * as Fixture from "@vesper/testing/Fixture"
import * as Builder from "@vesper/testing/Builder"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Childprocess from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { createInterface } from "node:readline"

interface Client {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly compressions: ReadonlyArray<string>
}

interface Report {
  readonly event?: string
  readonly content?: string
  readonly error?: string
  readonly id?: number
  readonly result?: unknown
  readonly failure?: string
}

// The clients have packages of their own, because dfx needs another version of Effect than this program.
const folder = path.join(import.meta.dirname, "clients")
const node = (name: string) => [process.execPath, path.join(folder, `${name}.mjs`)]
const hasZstd = Number(process.versions.node.split(".")[0]) >= 24
const zstd = hasZstd ? ["zstd-stream"] : []
const python = process.env["FOREIGN_PYTHON"] ?? "/usr/bin/python3"

const clients: ReadonlyArray<Client> = [
  { name: "discord.js", command: node("discord.js"), compressions: ["none"] },
  { name: "@discordjs/core", command: node("discordjs-core"), compressions: ["none", "zlib-stream", ...zstd] },
  { name: "discordeno", command: node("discordeno"), compressions: ["none", "zlib-stream", ...zstd] },
  { name: "dfx", command: node("dfx"), compressions: ["none"] },
  { name: "eris", command: node("eris"), compressions: ["none", "zlib-stream"] },
  { name: "oceanic.js", command: node("oceanic"), compressions: ["none", "zlib-stream", ...zstd] },
  { name: "cloudstorm", command: node("cloudstorm"), compressions: ["none", "zlib-stream"] },
  {
    name: "discord.py",
    command: [python, path.join(folder, "discord_py.py")],
    compressions: ["zlib-stream"]
  }
]

const world = World.make({ guilds: 2, membersPerGuild: 30, seed: 3 })
const guild = world.guilds[0]
const guildId = guild?.id ?? ""
const token = "MTQzMDAwMDAwMDAwMDAwMDAwMQ.GsImul.any-token-of-the-simulated-gateway-00"

const layer = Layer.provideMerge(
  GatewayServer.layer(),
  GatewaySimulator.layer({ token: Redacted.make(token), world, maxConcurrency: 16 })
)

/** Starts the process of a client; its errors are collected, its events are awaited. */
const start = (client: Client, compression: string) =>
  Effect.gen(function*() {
    const { port, url } = yield* GatewayServer.GatewayServer
    const settings = {
      http: `http://127.0.0.1:${port}`,
      url,
      token,
      intents: Number(Intents.all),
      compression
    }
    const errors: Array<string> = []
    const listeners = new Set<(report: Report) => void>()
    const [command = "", ...args] = client.command
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Childprocess.spawn(command, args, { env: { ...process.env, FOREIGN_CLIENT: JSON.stringify(settings) } })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    child.on("error", (error) => errors.push(String(error)))
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) {
        return
      }
      const report: Report = JSON.parse(line)
      if (report.error !== undefined) {
        errors.push(report.error)
      }
      listeners.forEach((listener) => listener(report))
    })
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (/error|exception|traceback/i.test(line)) {
        errors.push(line)
      }
    })
    const next = (isIt: (report: Report) => boolean) =>
      Effect.async<Report>((resume) => {
        const listener = (report: Report) => {
          if (isIt(report)) {
            listeners.delete(listener)
            resume(Effect.succeed(report))
          }
        }
        listeners.add(listener)
        return Effect.sync(() => listeners.delete(listener))
      })
    let requests = 0
    const ask = (request: string, options: object = {}) =>
      Effect.suspend(() => {
        const id = ++requests
        child.stdin.write(`${JSON.stringify({ id, request, ...options })}\n`)
        return next((report) => report.id === id)
      })
    return { ask, errors, next }
  })

type Running = Effect.Effect.Success<ReturnType<typeof start>>

const countOf = <T extends LogEntry.LogEntry["_tag"]>(tag: T) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ log }) => Effect.map(log, (entries) => entries.filter(LogEntry.is(tag)).length)
  )

/** Waits until the log has more entries of these kinds than before. */
const awaitMore = (
  tags: ReadonlyArray<LogEntry.LogEntry["_tag"]>,
  act: Effect.Effect<unknown, unknown, GatewaySimulator.GatewaySimulator>
) =>
  Effect.gen(function*() {
    const count = Effect.map(Effect.forEach(tags, countOf), (counts) => counts.reduce((a, b) => a + b, 0))
    const before = yield* count
    yield* act
    yield* Effect.repeat(Effect.delay(count, "50 millis"), { until: (now) => now > before })
  })

const inject = (fault: Fault.Fault) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) => simulator.inject(fault))

let markers = 0

/** Sends a message and waits until the client has received it. */
const marker = ({ next }: Running) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const content = `marker ${++markers}`
    const waiting = yield* Effect.fork(next((report) => report.content === content))
    yield* Effect.yieldNow()
    yield* simulator.send("MESSAGE_CREATE", { content })
    yield* waiting
  })

/** Longer than the spacing of identifies, because some clients identify again at once after opcode 9. */
const betweenIdentifies = Effect.sleep("6 seconds")

const controlled = new Set(["READY", "RESUMED", "GUILD_DELETE", "GUILD_CREATE", "RATE_LIMITED"])

const steps: Record<string, (running: Running) => Effect.Effect<unknown, unknown, GatewaySimulator.GatewaySimulator>> =
  {
    connect: (running) =>
      Effect.zipRight(
        Effect.repeat(Effect.delay(countOf("Identified"), "50 millis"), { until: (count) => count > 0 }),
        Effect.zipRight(Effect.sleep("500 millis"), marker(running))
      ),
    // Before the events, some of which add and remove members.
    members: ({ ask }) =>
      Effect.flatMap(
        ask("members", { guild: guildId }),
        ({ failure, result }) => result === 31 ? Effect.void : Effect.fail(failure ?? `${result} members instead of 31`)
      ),
    events: (running) =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        for (let i = 0; i < 300; i++) {
          const event = world.nextEvent(Date.now())
          yield* event === undefined ? Effect.void : simulator.dispatch(event)
        }
        yield* marker(running)
      }),
    fixtures: (running) =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        for (const { t } of Fixture.all()) {
          if (!controlled.has(t)) {
            yield* simulator.dispatch(Builder.complete(t, {}, world))
          }
        }
        yield* marker(running)
      }),
    presence: ({ ask }) =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const { failure } = yield* ask("presence")
        yield* simulator.awaitLog((entry): entry is LogEntry.LogEntry =>
          LogEntry.is("Received")(entry) && entry.op === 3
        )
        return failure === undefined ? undefined : yield* Effect.fail(failure)
      }),
    heartbeat: () => awaitMore(["Received"], inject(Fault.RequestHeartbeat())),
    drop: (running) => Effect.zipRight(awaitMore(["Resumed", "Identified"], inject(Fault.Drop())), marker(running)),
    "opcode 7": (running) =>
      Effect.zipRight(awaitMore(["Resumed", "Identified"], inject(Fault.Reconnect())), marker(running)),
    "9 true": (running) =>
      betweenIdentifies.pipe(
        Effect.zipRight(awaitMore(["Resumed", "Identified"], inject(Fault.InvalidSession({ resumable: true })))),
        Effect.zipRight(marker(running))
      ),
    "9 false": (running) =>
      betweenIdentifies.pipe(
        Effect.zipRight(awaitMore(["Identified"], inject(Fault.InvalidSession({ resumable: false })))),
        Effect.zipRight(marker(running))
      ),
    "close 4000": (running) =>
      Effect.zipRight(
        awaitMore(["Resumed", "Identified"], inject(Fault.Close({ code: 4000, reason: "test" }))),
        marker(running)
      ),
    "close 4009": (running) =>
      Effect.zipRight(
        Effect.zipRight(
          betweenIdentifies,
          awaitMore(["Identified"], inject(Fault.Close({ code: 4009, reason: "test" })))
        ),
        marker(running)
      )
  }

const run = (client: Client, compression: string) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const running = yield* start(client, compression)
    const cells: Array<string> = []
    for (const [name, step] of Object.entries(steps)) {
      const before = running.errors.length
      const result = yield* Effect.either(Effect.timeout(step(running), "40 seconds"))
      // Some clients report every close as an error.
      const errors = /^(close|drop)/.test(name) ? [] : running.errors.slice(before)
      const isFine = result._tag === "Right" && errors.length === 0
      cells.push(isFine ? "yes" : "no")
      if (!isFine) {
        const why = result._tag === "Left" ? [String(result.left).slice(0, 600)] : []
        console.error(`${client.name} (${compression}), ${name}:\n  ${[...why, ...errors.slice(0, 5)].join("\n  ")}`)
      }
      if (!isFine && name === "connect") {
        break
      }
    }
    const violations = yield* simulator.violations
    violations.forEach(({ detail, rule }) => console.error(`${client.name} (${compression}): ${rule}: ${detail}`))
    cells.push(String(violations.length))
    return `| ${client.name} | ${compression} | ${cells.join(" | ")} |`
  }).pipe(Effect.provide(layer), Effect.scoped)

if (!fs.existsSync(path.join(folder, "node_modules"))) {
  Childprocess.execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit"
  })
}

const wanted = process.argv.slice(2)
const program = Effect.forEach(
  clients.filter(({ name }) => wanted.length === 0 || wanted.includes(name)),
  (client) => Effect.forEach(client.compressions, (compression) => run(client, compression))
)

const rows = (await Effect.runPromise(program)).flat()
const names = [...Object.keys(steps), "violations"]
console.log(`| client | compression | ${names.join(" | ")} |`)
console.log(`|---|---|${names.map(() => "---|").join("")}`)
rows.forEach((row) => console.log(row))
process.exit(rows.some((row) => row.includes("| no |") || !row.endsWith("| 0 |")) ? 1 : 0)
