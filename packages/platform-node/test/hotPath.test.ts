/** Compares docs/hot-path.md with the functions through which an event of a real socket passes. */
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import * as Events from "@vesper/gateway/Events"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as Shard from "@vesper/gateway/Shard"
import * as Intents from "@vesper/model/Intents"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Cursor } from "../../gateway/src/internal/events/log/cursor.js"
import * as NodeGateway from "../src/NodeGateway.js"

const root = Path.resolve(import.meta.dirname, "../../..")
const page = Fs.readFileSync(Path.join(root, "docs/hot-path.md"), "utf8")

/** The rows of each table of the section, as the cells of their columns. */
const tables = (page.split("## From the socket to a handler")[1]?.split("\n## ")[0] ?? "").split("\n\n")
  .filter((part) => part.startsWith("|"))
  .map((table) => table.split("\n").slice(2).map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim())))

const quoted = (cell: string): ReadonlyArray<string> =>
  Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name.split(".").at(-1) ?? name)

/** The name of a function without its object. The page has no name for a function of `Events.ts`. */
const format = (file: string, name: string) => file === "gateway/src/Events.ts" ? file : `${name} in ${file}`

const [inCallback = [], inMicrotask = [], callees = []] = tables
const toFunctions = (rows: typeof inCallback) =>
  rows.map(([name = "", file = ""]) => format(file.replaceAll("`", ""), quoted(name)[0] ?? ""))

/** The functions of Vesper in a stack, the first caller first. */
const functionsIn = (stack: string | undefined): ReadonlyArray<string> =>
  (stack ?? "").split("\n").reverse().flatMap((line) => {
    const file = /packages\/((?:gateway|platform-node)\/src\/[\w/]+\.ts)/.exec(line)?.[1]
    const name = /at (?:async )?(\S+)(?: \[as \w+\])? \(/.exec(line)?.[1] ?? ""
    return file === undefined ? [] : [format(file, name.split(".").at(-1) ?? name)]
  })

const token = Redacted.make("token")

const layer = Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) => {
  const config = { token, intents: Intents.of("Guilds"), gatewayUrl: url, compression: "zlib-stream" } as const
  const apiUrl = `${url.replace("ws:", "http:")}api/v10`
  return Layer.merge(
    NodeGateway.layerShard(config),
    NodeGateway.layerFleet({ ...config, apiUrl, shards: { total: 1 }, connect: "onRead" })
  )
})).pipe(
  Layer.provide(GatewayServer.layer()),
  Layer.provide(GatewaySimulator.layer({ token, world: World.make({ guilds: 1, membersPerGuild: 1 }) })),
  Layer.provide(Logger.minimumLogLevel(LogLevel.None))
)

/** Runs a reader until its handler has received a GUILD_CREATE. Returns the functions that called the cursor and the handler. */
const trace = (
  read: (handler: () => Effect.Effect<void>) => Effect.Effect<unknown, unknown, Fleet.Fleet | Shard.Shard>
) =>
  Effect.gen(function*() {
    const called = yield* Deferred.make<string | undefined>()
    const { offer } = Cursor.prototype
    let offered: string | undefined
    vi.spyOn(Cursor.prototype, "offer").mockImplementation(function(this: Cursor, item) {
      if (item._tag === "Dispatch" && item.t === "GUILD_CREATE") {
        offered ??= new Error().stack
      }
      return offer.call(this, item)
    })
    const handler = () => {
      Deferred.unsafeDone(called, Effect.succeed(new Error().stack))
      return Effect.void
    }
    const stack = yield* Effect.raceFirst(Deferred.await(called), Effect.zipRight(read(handler), Effect.never))
    return [functionsIn(offered), functionsIn(stack)] as const
  }).pipe(Effect.provide(layer))

const { stackTraceLimit } = Error
afterEach(() => {
  vi.restoreAllMocks()
  Error.stackTraceLimit = stackTraceLimit
})

describe("the functions through which an event passes from the socket to a handler", () => {
  it("are at most ten in at most seven files", () => {
    const functions = [...toFunctions(inCallback), ...toFunctions(inMicrotask)]
    const files = new Set(functions.map((each) => each.split(" ").at(-1)))
    assert.isAtLeast(functions.length, 8)
    assert.isAtMost(functions.length, 10)
    assert.isAtMost(files.size, 7)
  })

  const handlers = (handler: () => Effect.Effect<void>) => Events.on("GUILD_CREATE", handler)
  const [startHandlers = "", handle = "", ofRun = "", callHandlers = ""] = toFunctions(inMicrotask)
  type Case = readonly [name: string, read: Parameters<typeof trace>[0], expected: ReadonlyArray<string>]
  const cases: ReadonlyArray<Case> = [
    [
      "runForEach",
      (handler) => Effect.flatMap(Shard.Shard, (shard) => shard.runForEach(handler, { events: ["GUILD_CREATE"] })),
      [startHandlers, handle]
    ],
    ["Events.run", (handler) => Events.run(handlers(handler)), [startHandlers, handle, ofRun, callHandlers]],
    ["Events.assemble", (handler) => Events.assemble(Events.layer(handlers(handler))), [
      startHandlers,
      handle,
      callHandlers
    ]],
    ["Events.runFleet", (handler) => Events.runFleet(handlers(handler)), [startHandlers, handle, callHandlers]],
    ["Events.assembleFleet", (handler) => Events.assembleFleet(Events.layer(handlers(handler))), [
      startHandlers,
      handle,
      callHandlers
    ]]
  ]
  for (const [name, read, expected] of cases) {
    it.live(`are those of the page, with ${name}`, () =>
      Effect.gen(function*() {
        Error.stackTraceLimit = 50
        const [offered, called] = yield* trace(read)
        // The spy takes the place of `Cursor.offer`, which is the last one of the first table.
        assert.deepStrictEqual(offered, toFunctions(inCallback).slice(0, -1))
        assert.deepStrictEqual(called, expected)
      }))
  }
})

describe("each function of the page", () => {
  const named = [...inCallback, ...inMicrotask].map(([name = "", file = ""]) => [name, file] as const).concat(
    callees.map(([, names = "", file = ""]) => [names, file] as const)
  )
  for (const [names, cell] of named) {
    const file = cell.replaceAll("`", "")
    it(`is in ${file}: ${names.replaceAll("`", "")}`, () => {
      const source = Fs.readFileSync(Path.join(root, "packages", file), "utf8")
      for (const name of quoted(names)) {
        assert.match(
          source,
          new RegExp(`(?:(?:const|function|readonly) ${name}\\b|^ +(?:get |private )?${name}(?:\\(|: \\())`, "m")
        )
      }
    })
  }
})
