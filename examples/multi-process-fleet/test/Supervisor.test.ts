/** Real processes on a real socket: the tests wait for events only, never for a time. */
import { Command, FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { IdentifyQueue } from "@vesper/gateway"
import { GatewayServer, GatewaySimulator, LogEntry } from "@vesper/testing"
import { Effect, Layer, Queue } from "effect"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import * as Supervisor from "../src/Supervisor.js"

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const command = Command.make(
  process.execPath,
  "--conditions=@vesper/source",
  "--import",
  "tsx",
  file("../src/Worker.ts")
).pipe(Command.workingDirectory(file("..")))

const total = 4
const timeout = 120_000

const layer = Layer.mergeAll(
  GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({ maxConcurrency: total }))),
  IdentifyQueue.layerInMemory({ maxConcurrency: total }),
  NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }),
  NodeContext.layer
)

/** The fleet, and the output of its workers. */
const start = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const server = yield* GatewayServer.GatewayServer
  const lines = yield* Queue.unbounded<string>()
  yield* Effect.forkScoped(Supervisor.run({
    command,
    workers: 2,
    total,
    sessions: yield* fileSystem.makeTempDirectoryScoped(),
    environment: { DISCORD_TOKEN: "any-token", GATEWAY_URL: server.url },
    tell: (worker, line) => Queue.offer(lines, `${worker}: ${line}`)
  }))
  return lines
})

/** Reads until each of these lines was written, in any order; returns all lines. */
const hear = (lines: Queue.Dequeue<string>, ...expected: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    while (!expected.every((line) => heard.includes(line))) {
      heard.push(yield* Queue.take(lines))
    }
    return heard
  })

const pidOf = (heard: ReadonlyArray<string>, worker: number): number =>
  Number(heard.find((line) => line.startsWith(`${worker}: process `))?.split(" ").at(-1))

describe("a fleet of processes", () => {
  it.scopedLive(
    "shares the shards out, resumes what a killed process had, and ends with its scope",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* Effect.scoped(Effect.gen(function*() {
          const lines = yield* start
          const ready = ["0: shard 0 READY", "0: shard 2 READY", "1: shard 1 READY", "1: shard 3 READY"]
          process.kill(pidOf(yield* hear(lines, ...ready), 0), "SIGKILL")
          yield* hear(lines, "0: was killed", "0: shard 0 RESUMED", "0: shard 2 RESUMED")
        }))
        const log = yield* simulator.log
        assert.lengthOf(log.filter(LogEntry.is("Identified")), total)
        assert.lengthOf(log.filter(LogEntry.is("Resumed")), 2)
        // Two connections were lost with the process; the others were closed by their workers, and keep their sessions.
        const closed = log.filter(LogEntry.is("Closed")).map(({ by }) => by)
        assert.deepStrictEqual(closed, ["network", "network", "client", "client", "client", "client"])
        assert.lengthOf(yield* simulator.sessions, total)
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provide(layer)),
    timeout
  )
})
