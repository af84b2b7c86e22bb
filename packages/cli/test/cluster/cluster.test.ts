/** `vesper run --cluster`, and the administration of its cluster. */
import { assert, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { runHere } from "../programs.js"

const env = { DISCORD_TOKEN: "any-token" }

/** The output of a command that ends. */
const output = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const command = yield* runHere(args)
    assert.strictEqual(yield* command.exit, 0, command.stderr())
    return command.stdout()
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(tmpdir(), "vesper-cli-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

describe("vesper cluster status", () => {
  it.scopedLive("creates neither a database nor its tables", () =>
    Effect.gen(function*() {
      const file = Path.join(yield* folder, "vesper.db")
      const missing = yield* runHere(["cluster", "status", "--database", file])
      assert.strictEqual(yield* missing.exit, 1)
      assert.match(
        missing.stderr(),
        /^vesper: the cluster's database cannot be opened: .*vesper\.db: there is no such file; see/
      )
      assert.isFalse(Fs.existsSync(file))
      Fs.writeFileSync(file, "")
      const empty = yield* runHere(["cluster", "status", "--database", file])
      assert.strictEqual(yield* empty.exit, 1)
      assert.match(empty.stderr(), /^vesper: the cluster's database has no tables of Vesper; .*creates them\n$/)
    }), 60_000)
})

describe("vesper run --cluster", () => {
  it.scopedLive(
    "works alone on a file, is seen in the status, ends when it is drained, and resumes the next time",
    () =>
      Effect.gen(function*() {
        const { url } = yield* GatewayServer.GatewayServer
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const database = ["--database", Path.join(yield* folder, "vesper.db")]
        const limits = ["--shards", "2", "--max-concurrency", "2"]
        const start = runHere(["run", "--cluster", ...limits, "--gateway-url", url, ...database], env)
        const connected = Effect.map(simulator.sessions, (sessions) =>
          sessions.filter(({ isConnected }) => isConnected).length)
        const awaitConnected = (count: number) =>
          Effect.repeat(Effect.zipRight(Effect.sleep(50), connected), {
            until: (now) =>
              now === count
          })

        const first = yield* start
        yield* awaitConnected(2)
        const status = yield* output(["cluster", "status", ...database])
        assert.match(status, /2 shards on 1 runner: /)
        assert.match(status, /alone +2 shards: 0-1/)
        assert.match(status, /identifies left today: 998 of 1000/)
        assert.match(yield* output(["cluster", "drain", ...database, "alone"]), /asked to end/)
        assert.strictEqual(yield* first.exit, 0)
        yield* awaitConnected(0)

        yield* start
        yield* awaitConnected(2)
        assert.strictEqual((yield* simulator.sessions).length, 2)
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(
        Effect.provide(Layer.provideMerge(GatewayServer.layer(), GatewaySimulator.layer({ maxConcurrency: 2 })))
      ),
    180_000
  )
})
