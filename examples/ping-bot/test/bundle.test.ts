/** The bot in one file, as `npm run build` makes it, in an empty folder. */
import { assert, describe, it } from "@effect/vitest"
import { GatewayServer, GatewaySimulator, LogEntry } from "@vesper/testing"
import { Console, Effect, Layer, Redacted } from "effect"
import { execFileSync, spawn } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"

const folder = Path.resolve(import.meta.dirname, "..")
const token = "MTE.one.file"

const layer = Layer.provideMerge(GatewayServer.layer(), GatewaySimulator.layer({ token: Redacted.make(token) }))

const emptyFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(tmpdir(), "ping-bot-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true }))
)

describe("the ping bot in one file", () => {
  it.scopedLive(
    "connects without a package beside it",
    () =>
      Effect.gen(function*() {
        execFileSync("npm", ["run", "--silent", "build"], { cwd: folder, stdio: "inherit" })
        const cwd = yield* emptyFolder
        Fs.copyFileSync(Path.join(folder, "dist/bot.cjs"), Path.join(cwd, "bot.cjs"))
        const { url } = yield* GatewayServer.GatewayServer
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const start = performance.now()
        yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn(process.execPath, ["bot.cjs"], {
              cwd,
              stdio: "inherit",
              env: { ...process.env, DISCORD_TOKEN: token, GATEWAY_URL: url }
            })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        yield* simulator.awaitLog(LogEntry.is("Opened"))
        const millis = Math.round(performance.now() - start)
        yield* Console.log(`from the start of the process to its connection: ${millis} ms`)
        yield* simulator.awaitLog(LogEntry.is("Identified"))
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provide(layer)),
    60_000
  )
})
