/** `vesper demo`: a fleet on a simulated gateway over real websockets, with faults. */
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Scenario from "@vesper/testing/Scenario"
import * as World from "@vesper/testing/World"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { failedWith } from "../exit/index.js"
import { counted } from "../tui/index.js"
import { Watch } from "../shards/index.js"

const shardCount = 4
const eventsPerSecond = 40
const token = Redacted.make("demo")

/** A fault for each kind of reconnect, repeated after a pause. The dropped shard misses events until it may resume. */
const faults = Scenario.make(
  { at: "2 seconds", fault: Fault.RefuseConnections({ host: "resume", times: 2, status: 503 }) },
  { at: "2 seconds", fault: Fault.Drop(), target: { shard: 1 } },
  { at: "5 seconds", fault: Fault.Reconnect(), target: { shard: 2 } },
  { at: "7 seconds", fault: Fault.InvalidSession({ resumable: false }), target: { shard: 3 } }
)
const pause = "13 seconds"

/** Waits until every event that was sent has been received, three seconds at most. Returns how many are missing. */
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
    // Not in a child fiber, which a second Ctrl-C would end together with the rest of the finalizer.
    Effect.interruptible,
    Effect.disconnect,
    Effect.zipRight(missing)
  )
}

/** Describes the faults of the run and their consequences without the terms of the protocol. */
const summarize = (simulator: GatewaySimulator.GatewaySimulator, summary: string) =>
  Effect.map(simulator.log, (log) => {
    const isCut = ({ at, shard }: LogEntry.LogEntry) =>
      log.filter(LogEntry.is("Closed")).findLast((entry) => entry.shard === shard && entry.at <= at)?.by === "network"
    const [moved, cut] = Arr.partition(log.filter(LogEntry.is("Resumed")), isCut)
    const were = (count: number, noun: string) => `${counted(count, noun)} ${count === 1 ? "was" : "were"}`
    const replays = (resumed: typeof cut) => {
      const count = resumed.reduce((sum, { replayed }) => sum + replayed, 0)
      return count === 0 ? "no event was missed" : `${were(count, "event")} sent meanwhile, and replayed`
    }
    const ended = Math.max(0, log.filter(LogEntry.is("Identified")).length - shardCount)
    return [
      `vesper demo: ${summary}`,
      ...(cut.length === 0 ? [] : [`  ${were(cut.length, "connection")} cut: ${replays(cut)}`]),
      ...(moved.length === 0 ? [] : [`  ${were(moved.length, "connection")} moved by the gateway: ${replays(moved)}`]),
      ...(ended === 0 ? [] : [`  ${were(ended, "session")} ended by the gateway and replaced`])
    ].join("\n")
  })

type Options = Pick<Watch.Watched<never, never>, "duration" | "http" | "json">

const watch = (options: Options) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const { url } = yield* GatewayServer.GatewayServer
    // The settings of the demo are valid.
    const shardConfig = Layer.orDie(ShardConfig.layer({ token, intents: Intents.all, gatewayUrl: url }))
    yield* Watch.watch({
      ...options,
      title: `vesper demo: ${shardCount} shards on a simulated gateway at ${url}`,
      isGapless: true,
      showsEvents: true,
      start: Watch.startFleet(
        Effect.provide(Effect.orDie(Fleet.make({ shards: { total: shardCount } })), shardConfig),
        () =>
          Effect.raceFirst(
            simulator.traffic({ eventsPerSecond }),
            Effect.forever(Effect.zipRight(simulator.run(faults), Effect.sleep(pause)))
          ),
        Effect.map(
          simulator.gatewayBot,
          ({ session_start_limit: { remaining, total } }) => Option.some({ remaining, total })
        )
      ),
      settle: (sequences) => settle(simulator, sequences),
      summary: (summary) => summarize(simulator, summary)
    })
  })

const services = Layer.mergeAll(
  GatewayServer.layer().pipe(
    Layer.provideMerge(GatewaySimulator.layer({
      token,
      // Discord's interval of 41 s is longer than most demos, which would show no latency.
      heartbeatInterval: "2 seconds",
      maxConcurrency: shardCount,
      world: World.make({ guilds: 24 })
    }))
  ),
  IdentifyQueue.layerInMemory({ maxConcurrency: shardCount }),
  NodeGateway.layer(),
  ShardMetrics.layer()
)

export const demo = (options: Options) =>
  watch(options).pipe(Effect.provide(services), Effect.catchTag("ListenError", failedWith))
