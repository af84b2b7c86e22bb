/** Requests to runners that are processes: commands to guilds, IDENTIFYs of one budget, and an end. */
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { spawn } from "node:child_process"
import {
  elapsed,
  maxConcurrency,
  repeated,
  seconds,
  type Server,
  type Settings,
  shards,
  strays,
  three,
  verdict,
  vesper
} from "./setup.js"
import * as Proxy from "./proxy.js"
import * as Trial from "./trial.js"

const world = World.make({ seed: 7, guilds: 120, membersPerGuild: 1 })

/** A guild for each shard. */
const guilds = ShardId.all(shards).map((shard) =>
  world.guilds.find(({ id }) => ShardId.shardOf(id, shards) === shard.id)?.id ?? ""
)

/** Each of three processes sends to a guild of each shard; then again while one of them dies. All return the same status. */
export const send = (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const trial = yield* three(settings, server, { acknowledge: "onHandled", fleet: "send" })
    const sendFrom = (runner: number) =>
      Effect.forEach(guilds, (guild) => trial.ask(runner, guild), { concurrency: "unbounded" })
    const first = yield* Effect.forEach([0, 1, 2], sendFrom)
    yield* trial.signal(1, "SIGKILL")
    const since = performance.now()
    const second = yield* Effect.forEach([0, 2], sendFrom, { concurrency: 2 })
    const took = performance.now() - since
    yield* trial.awaitExit(1)
    yield* trial.start(1)
    yield* trial.awaitShares(3)
    const statuses = yield* Effect.forEach([0, 1, 2], (runner) => trial.ask(runner))
    const written = (yield* trial.simulator.received(Opcode.VoiceStateUpdate)).map(({ d, shard }) => ({
      guild: Predicate.hasProperty(d, "guild_id") ? String(d.guild_id) : "",
      shard
    }))
    const countWrites = (guild: string) => written.filter((one) => one.guild === guild).length
    yield* verdict(
      [
        "3 processes send to a guild of each of 12 shards, two of them once more while the third dies",
        `  ${first.flat().length + second.flat().length} commands sent, ${written.length} written; the last ones took ${
          seconds(took)
        } with the death in it`,
        ...strays([...first, ...second].flat().flatMap(({ reason }) => reason ?? []), 3),
        `  the status of each process: ${statuses[0]?.places.join("; ") ?? ""}`
      ],
      [
        ["each command was sent", [...first, ...second].flat().every(({ isDone }) => isDone)],
        // Two that wait for the same shard are one: a guild's later voice state takes the place of the earlier.
        ["each was written", guilds.every((guild) => countWrites(guild) >= 4)],
        ["by the guild's own shard", written.every(({ guild, shard }) => ShardId.shardOf(guild, shards) === shard)],
        ["all processes tell the same", new Set(statuses.map(({ places }) => places.join())).size === 1],
        [
          "every shard is connected on one of three runners",
          statuses.every(({ places }) =>
            places.length === shards && places.every((place) => place.endsWith("Connected"))
          )
        ]
      ]
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency, { world })), Effect.scoped)

/** Sessions are lost permanently faster than identifies are granted, and runners die, until the day's identifies are spent. */
export const budget = (settings: Settings, server: Server) =>
  Effect.gen(function*() {
    const total = 36
    const trial = yield* three(settings, server, { acknowledge: "onHandled", fleet: "budget", total })
    yield* repeated(20, (round) =>
      Effect.gen(function*() {
        for (const shard of [round % shards, (round * 5 + 1) % shards]) {
          yield* trial.simulator.inject(Fault.InvalidSession({ resumable: false }), { shard })
        }
        if (round % 2 === 1) {
          const runner = (round >> 1) % 3
          yield* trial.signal(runner, "SIGKILL")
          yield* trial.awaitExit(runner)
          yield* trial.start(runner)
        }
        yield* Effect.sleep("3 seconds")
        return 0
      }))
    yield* Effect.sleep("20 seconds")
    const { counts, violations } = trial.witness
    const remaining = yield* trial.remaining
    yield* verdict(
      [
        `3 runners with ${total} identifies a day, ten kills and up to 40 sessions lost permanently`,
        `  ${counts.identified} identified, ${total - remaining} are spent, ${violations.length} violations`,
        ...strays(violations, 5)
      ],
      [
        ["no identify beyond the day's", counts.identified <= total],
        ["each identify is accounted for", total - remaining >= counts.identified],
        ["the day's were all wanted", remaining === 0],
        ["nothing that Discord would punish", violations.length === 0]
      ]
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)

/** A runner on the command line gets SIGTERM while its database no longer answers. */
export const stuck = (_: Settings, server: Server) =>
  Effect.gen(function*() {
    const proxy = yield* Proxy.make(server.port)
    const gateway = yield* Trial.server
    const port = yield* Trial.freePort
    const simulator = yield* Trial.simulator
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(
          process.execPath,
          [
            ...vesper,
            ...["cluster", "run", "--json", "--name", "stuck", "--port", String(port), "--shards", "2"],
            ...["--max-concurrency", "2", "--gateway-url", gateway.url]
          ],
          {
            env: { ...process.env, DISCORD_TOKEN: "any-token", VESPER_DATABASE: server.url(proxy.port) },
            stdio: ["ignore", "ignore", "inherit"]
          }
        )
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const connected = Effect.map(simulator.sessions, (all) => all.filter(({ isConnected }) => isConnected).length)
    yield* Effect.repeat(Effect.zipRight(Effect.sleep(50), connected), { until: (count) => count === 2 })
    yield* Effect.sleep("2 seconds")
    yield* proxy.cut
    yield* Effect.sync(() => child.kill("SIGTERM"))
    const took = yield* elapsed(Effect.repeat(Effect.sleep(20), {
      until: () => child.exitCode !== null || child.signalCode !== null
    }))
    yield* Effect.sleep("1 second")
    yield* verdict(
      [
        "1 runner ended while its database does not answer",
        `  took ${seconds(took)}, ended with ${
          child.exitCode ?? child.signalCode ?? ""
        }, connections left: ${yield* connected}`
      ],
      [["it ended within 30 s", took <= 30_000], ["its sockets were closed", (yield* connected) === 0]]
    )
  }).pipe(Effect.provide(Trial.gateway(maxConcurrency)), Effect.scoped)
