/** Where the servers listen unless they are told: on loopback, which nobody else can reach. */
import { assert, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import * as Net from "node:net"
import * as Os from "node:os"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const root = fileURLToPath(new URL("../../../", import.meta.url))
const timeout = 60_000

/**
 * This machine's addresses but 127.0.0.1. On Linux all of 127.0.0.0/8 leads here too: whoever listens on any address
 * answers at 127.0.0.2, and whoever listens on 127.0.0.1 does not.
 */
const others = Object.values(Os.networkInterfaces()).flatMap((all = []) => all)
  .filter(({ family, internal }) => !internal && family === "IPv4")
  .map(({ address }) => address)
  .concat(process.platform === "linux" ? ["127.0.0.2"] : [])

const isOpen = (host: string, port: number) =>
  Effect.async<boolean>((resume) => {
    const socket = Net.connect({ host, port, timeout: 5_000 })
    const done = (isOpen: boolean) => () => {
      socket.destroy()
      resume(Effect.succeed(isOpen))
    }
    socket.once("connect", done(true)).once("error", done(false)).once("timeout", done(false))
  })

const openAt = (port: number) =>
  Effect.filter(["127.0.0.1", ...others], (host) => isOpen(host, port), { concurrency: "unbounded" })

const vesper = (...args: ReadonlyArray<string>): Effect.Effect<ChildProcessWithoutNullStreams, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { DISCORD_TOKEN: _, ...env } = process.env
      return spawn(process.execPath, ["--conditions=@vesper/source", "--import", "tsx", bin, ...args], {
        cwd: root,
        env
      })
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** The port in the first address that the output names after `before`. */
const portOf = (child: ChildProcessWithoutNullStreams, before: RegExp) =>
  Effect.async<number>((resume) => {
    let output = ""
    const look = (data: Buffer) => {
      output += data.toString()
      const found = new RegExp(`${before.source}\\S*?//[^/]*:(\\d+)/`).exec(output)?.[1]
      if (found !== undefined) {
        resume(Effect.succeed(Number(found)))
      }
    }
    child.stdout.on("data", look)
    child.stderr.on("data", look)
  })

const commands: ReadonlyArray<readonly [args: ReadonlyArray<string>, before: RegExp]> = [
  [["queue", "serve", "--max-concurrency", "1", "--port", "0"], /vesper queue: /],
  [["simulate", "--port", "0"], /listening on /],
  [["demo", "--json", "--http", "0"], /status page is at /]
]

describe("what listens", () => {
  for (const [args, before] of commands) {
    it.scopedLive(`as vesper ${args.join(" ")} does so on loopback`, () =>
      Effect.gen(function*() {
        const port = yield* portOf(yield* vesper(...args), before)
        assert.deepStrictEqual(yield* openAt(port), ["127.0.0.1"])
      }), timeout)
  }

  it.scopedLive("as the simulated gateway's server does so on loopback, unless it is told otherwise", () =>
    Effect.gen(function*() {
      const [closed, open] = [yield* GatewayServer.make(), yield* GatewayServer.make({ host: "0.0.0.0" })]
      assert.deepStrictEqual(yield* openAt(closed.port), ["127.0.0.1"])
      assert.deepStrictEqual(yield* openAt(open.port), ["127.0.0.1", ...others])
    }).pipe(Effect.provide(GatewaySimulator.layer())))
})
