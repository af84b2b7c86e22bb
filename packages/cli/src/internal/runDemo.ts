/** What `vesper demo` does. */
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Scenario from "@vesper/testing/Scenario"
import * as World from "@vesper/testing/World"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Watch from "../Watch.js"
import * as Common from "./options.js"
import { told } from "./told.js"

const shardCount = 4
const eventsPerSecond = 40
const token = Redacted.make("demo")

/** Something for every way of coming back; over and over again, as long as somebody watches. */
const trouble = Scenario.make(
  { at: "3 seconds", fault: Fault.Drop(), target: { shard: 1 } },
  { at: "5 seconds", fault: Fault.Reconnect(), target: { shard: 2 } },
  { at: "7 seconds", fault: Fault.InvalidSession({ resumable: false }), target: { shard: 3 } }
)
const breather = "13 seconds"

/** Waits until everything that was sent has come in, but not for ever. How many events stayed away. */
const settle = (simulator: GatewaySimulator.GatewaySimulator, sequences: Effect.Effect<ReadonlyArray<number>>) => {
  const missing = Effect.zipWith(
    simulator.sessions,
    sequences,
    (sessions, seen) =>
      sessions.reduce((sum, { sequence, shard }) => sum + Math.max(0, sequence - (seen[shard] ?? 0)), 0)
  )
  return Effect.zipLeft(missing, Effect.sleep("20 millis")).pipe(
    Effect.repeat({ until: (count) => count === 0 }),
    Effect.timeoutOption("3 seconds"),
    // Not in a child: a second Ctrl-C would end it there, and all that comes after.
    Effect.interruptible,
    Effect.disconnect,
    Effect.zipRight(missing)
  )
}

const watch = (options: {
  readonly duration: Option.Option<Duration.Duration>
  readonly http: Option.Option<number>
  readonly mode: Watch.Mode
}) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const { url } = yield* GatewayServer.GatewayServer
    // The demo's own settings are valid.
    const shardConfig = Layer.orDie(ShardConfig.layer({ token, intents: Intents.all, gatewayUrl: url }))
    yield* Watch.run({
      title: `vesper demo: ${shardCount} shards on a simulated gateway at ${url}`,
      mode: options.mode,
      duration: options.duration,
      isGapless: true,
      tellsEvents: true,
      http: options.http,
      record: () => Effect.void,
      source: Watch.fleet(
        Effect.provide(Effect.orDie(Fleet.make({ shards: { total: shardCount } })), shardConfig),
        () =>
          Effect.raceFirst(
            simulator.traffic({ eventsPerSecond }),
            Effect.forever(Effect.zipRight(simulator.run(trouble), Effect.sleep(breather)))
          )
      ),
      budget: Effect.map(
        simulator.gatewayBot,
        ({ session_start_limit: { remaining, total } }) => Option.some({ remaining, total })
      ),
      settle: (sequences) => settle(simulator, sequences)
    })
  })

const services = Layer.mergeAll(
  GatewayServer.layer().pipe(
    Layer.provideMerge(GatewaySimulator.layer({
      token,
      // Discord's is 41 s: too long to see the latency of a heartbeat in a short demo.
      heartbeatInterval: "2 seconds",
      maxConcurrency: shardCount,
      world: World.make({ guilds: 24 })
    }))
  ),
  IdentifyQueue.layerInMemory({ maxConcurrency: shardCount }),
  NodeGateway.layer(),
  ShardMetrics.layer()
)

export const run = (
  { duration, http, json }: {
    readonly duration: Option.Option<Duration.Duration>
    readonly http: Option.Option<number>
    readonly json: boolean
  }
) =>
  Effect.flatMap(Common.modeOf(json), (mode) => watch({ duration, http, mode })).pipe(
    Effect.provide(services),
    Effect.catchTag("ListenError", told)
  )
