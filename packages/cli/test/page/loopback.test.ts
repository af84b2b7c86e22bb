/** The default address of the servers: loopback, which other machines cannot reach. */
import { assert, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import * as Os from "node:os"
import { runHere } from "../programs.js"

const timeout = 60_000

/**
 * The other addresses of this machine. On Linux all of 127.0.0.0/8 is local: a server on any address answers at 127.0.0.2,
 * and a server on 127.0.0.1 does not.
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

/** The port in the first address that the output names after `before`. */
const portOf = (command: Effect.Effect.Success<ReturnType<typeof runHere>>, before: RegExp) => {
  const find = () => new RegExp(`${before.source}\\S*?//[^/]*:(\\d+)/`).exec(command.stdout() + command.stderr())?.[1]
  return Effect.map(
    Effect.repeat(Effect.zipRight(Effect.sleep("10 millis"), Effect.sync(find)), {
      until: (port) => port !== undefined
    }),
    Number
  )
}

const commands: ReadonlyArray<readonly [args: ReadonlyArray<string>, before: RegExp]> = [
  [["queue", "serve", "--max-concurrency", "1", "--port", "0"], /vesper queue: /],
  [["simulate", "--port", "0"], /listening on /],
  [["demo", "--json", "--http", "0"], /status page is at /]
]

describe("what listens", () => {
  for (const [args, before] of commands) {
    it.scopedLive(`as vesper ${args.join(" ")} does so on loopback`, () =>
      Effect.gen(function*() {
        const port = yield* portOf(yield* runHere(args), before)
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
