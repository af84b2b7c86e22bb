/** Another client on the simulated gateway, which verifies the simulator. */
import { REST } from "@discordjs/rest"
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws"
import { assert, describe, it } from "@effect/vitest"
import { GatewayIntentBits } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Redacted from "effect/Redacted"
import * as Fault from "../src/Fault.js"
import * as GatewayServer from "../src/GatewayServer.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as LogEntry from "../src/LogEntry.js"
import * as World from "../src/World.js"

const layer = GatewayServer.layer().pipe(
  Layer.provideMerge(GatewaySimulator.layer({
    token: Redacted.make("token"),
    maxConcurrency: 2,
    world: World.make({ guilds: 6, membersPerGuild: 4 })
  }))
)

const intents = GatewayIntentBits.Guilds | GatewayIntentBits.GuildMessages

const start = (compression: CompressionMethod | null) =>
  Effect.gen(function*() {
    const { port } = yield* GatewayServer.GatewayServer
    const received = yield* Mailbox.make<string>()
    yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const rest = new REST({ api: `http://127.0.0.1:${port}/api` }).setToken("token")
        const manager = new WebSocketManager({ token: "token", intents, rest, shardCount: 2, compression })
        manager.on(WebSocketShardEvents.Dispatch, ({ d, t }, shard) => {
          const id = typeof d === "object" && d !== null && "content" in d ? ` ${d.content}` : ""
          received.unsafeOffer(`${shard} ${t}${id}`)
        })
        manager.on(WebSocketShardEvents.Error, (error) => {
          received.unsafeOffer(`error ${error.message}`)
        })
        await manager.connect()
        return manager
      }),
      (manager) => Effect.promise(async () => manager.destroy())
    )
    /** Reads up to an event, and returns the earlier ones. */
    const readTo = (wanted: string) =>
      Effect.gen(function*() {
        const before: Array<string> = []
        for (;;) {
          const next = yield* Effect.orDie(received.take)
          if (next === wanted) {
            return before
          }
          before.push(next)
        }
      })
    return readTo
  })

describe("@discordjs/ws on the simulated gateway", () => {
  for (const compression of [null, CompressionMethod.ZlibNative]) {
    it.scopedLive(
      `connects two shards, gets events, and resumes (compression: ${compression})`,
      () =>
        Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const readTo = yield* start(compression)
          const sessions = yield* simulator.sessions
          assert.deepStrictEqual(sessions.map(({ shard }) => shard).sort(), [0, 1])
          yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "one" }, shard: 1 })
          const before = yield* readTo("1 MESSAGE_CREATE one")
          assert.includeMembers(before, ["0 READY", "1 READY", "0 GUILD_CREATE", "1 GUILD_CREATE"])

          yield* simulator.inject(Fault.Reconnect(), { shard: 1 })
          yield* simulator.awaitLog(LogEntry.is("Closed"))
          yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "two" }, shard: 1 })
          assert.deepStrictEqual(yield* readTo("1 MESSAGE_CREATE two"), [])
          yield* simulator.awaitLog(LogEntry.is("Resumed"))

          yield* simulator.inject(Fault.InvalidSession({ resumable: false }), { shard: 1 })
          yield* readTo("1 READY")
          assert.deepStrictEqual(yield* simulator.violations, [])
        }).pipe(Effect.provide(layer)),
      30_000
    )
  }
})
