/**
 * Many shards on real websockets: 100, or as many as `VESPER_FLEET_SHARDS` says. With 500 it takes three quarters of a
 * minute on two busy cores, client and server in one process; that is too long for every run.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as NodeGateway from "../src/NodeGateway.js"

const total = Number(process.env["VESPER_FLEET_SHARDS"] ?? 100)
const larger = Math.ceil(total * 1.2)
const token = Redacted.make("MTE.fleet.token")
const world = World.make({ seed: 5, guilds: 200, membersPerGuild: 1 })
const places: ReadonlyArray<string> = world.guilds.map(({ id }) => id)

// Wide enough for all at once, because the test measures sockets, not the limit.
const maxConcurrency = larger

const layer = Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
  ShardConfig.layer({
    token,
    intents: Intents.of("Guilds", "GuildMessages", "GuildMessageTyping"),
    gatewayUrl: url,
    timeouts: { open: "60 seconds", hello: "60 seconds", ready: "60 seconds" }
  }))).pipe(
    // The gateway counts from receipt to receipt: a busy machine delays one frame more than another.
    Layer.merge(IdentifyQueue.layerInMemory({ maxConcurrency, interval: "8 seconds" })),
    Layer.merge(NodeGateway.layer({ compression: "none" })),
    Layer.merge(Logger.minimumLogLevel(LogLevel.None)),
    Layer.provideMerge(GatewayServer.layer()),
    Layer.provideMerge(GatewaySimulator.layer({
      token,
      maxConcurrency,
      world,
      sessionStartLimit: {
        total: 10_000,
        remaining: 10_000,
        resetAfter: "24 hours"
      }
    }))
  )

describe(`${total} shards in one process, on real websockets`, () => {
  it.live(
    "are resharded while they run, and every numbered event is seen once and in order",
    () =>
      Effect.gen(function*() {
        const started = performance.now()
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const fleet = yield* Fleet.make({ shards: { total } })
        yield* fleet.awaitReady
        const ready = performance.now()
        const sent = new Map<string, number>()
        const got = new Map<string, Array<number>>()
        yield* Effect.forkScoped(fleet.runForEach(({ event }) =>
          Effect.sync(() => {
            const body: unknown = event.d
            if (Predicate.isRecord(body) && typeof body["n"] === "number") {
              const guild = String(body["guild_id"])
              got.set(guild, [...got.get(guild) ?? [], body["n"]])
            }
          })
        ))
        let next = 0
        const sendOne = Effect.suspend(() => {
          // A busy place, and many quiet ones.
          const guild = places[next++ % 3 === 0 ? 0 : (next * 7) % places.length] ?? ""
          const n = (sent.get(guild) ?? 0) + 1
          sent.set(guild, n)
          return simulator.dispatch({
            t: next % 2 === 0 ? "MESSAGE_CREATE" : "TYPING_START",
            d: { id: String(next), guild_id: guild, n },
            guildId: guild
          })
        })
        const sending = yield* Effect.forkScoped(
          Effect.forever(Effect.zipRight(Effect.repeatN(sendOne, 4), Effect.sleep("10 millis")))
        )
        // Every other guild is never silent, and shows no event that there is only once: patience ends its search.
        yield* fleet.reshard(larger, { lag: "3 seconds", patience: "6 seconds" })
        const resharded = performance.now()
        yield* Fiber.interrupt(sending)
        const count = (numbers: Iterable<number>) => Array.from(numbers).reduce((a, b) => a + b, 0)
        const all = count(sent.values())
        const arrived = Effect.sync(() => count(Array.from(got.values(), ({ length }) => length)))
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("100 millis"), arrived), { until: (now) => now >= all })
        for (const [guild, numbers] of sent) {
          assert.deepStrictEqual(got.get(guild), Array.from({ length: numbers }, (_, i) => i + 1))
        }
        assert.isAbove(all, 500)
        assert.strictEqual((yield* fleet.status).counts.Connected, larger)
        assert.deepStrictEqual(yield* simulator.violations, [])
        assert.deepStrictEqual(
          (yield* simulator.sessions).filter(({ isConnected }) => isConnected).length,
          larger
        )
        yield* Console.log(
          `${total} shards ready after ${Math.round(ready - started)} ms, resharded to ${larger} in ${
            Math.round(resharded - ready)
          } ms, ${all} events`
        )
      }).pipe(Effect.scoped, Effect.provide(layer)),
    120_000
  )
})
