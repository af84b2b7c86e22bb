/** Vesper through its public API. The second argument of the process selects the kind of reader. */
import * as Events from "@vesper/gateway/Events"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Mix from "../server/mix.js"
import * as Probe from "./probe.js"

const { job } = Probe

/** The counter of each reader. */
const count = Probe.make()
const counters = [count, ...Array.from({ length: job.readers - 1 }, Probe.make)]

const onEvent = (event: Dispatch.Dispatch) => count(event.s)

/** A handler that does nothing. */
const handle = (event: Dispatch.Dispatch): Effect.Effect<void> => {
  onEvent(event)
  return Effect.void
}

const handlers = Events.handlers({
  READY: handle,
  GUILD_CREATE: handle,
  GUILD_MEMBER_UPDATE: handle,
  MESSAGE_CREATE: handle,
  MESSAGE_REACTION_ADD: handle,
  PRESENCE_UPDATE: handle,
  TYPING_START: handle,
  VOICE_STATE_UPDATE: handle
})

/** Blocks the reader for the duration of the job. */
const slowly = (event: Dispatch.Dispatch): Effect.Effect<void> =>
  Effect.suspend(() => {
    const until = performance.now() + job.slowness / 1000
    while (performance.now() < until) {
      // Busy like a handler that computes.
    }
    onEvent(event)
    return Effect.yieldNow()
  })

let ready = 0
const reportReady = () => {
  if (++ready === job.shards) {
    Probe.report({ _tag: "Ready" })
  }
}

/** Subscribes once for each reader of the job, before the first one reads. */
const subscribers = (shard: Shard.Shard): Effect.Effect<unknown, unknown> =>
  Effect.forEach(
    counters,
    (countOne) =>
      Effect.map(shard.subscribe(), ({ events }) =>
        Stream.runForEach(events, (event) => {
          countOne(event.s)
          return Effect.void
        }))
  ).pipe(
    Effect.flatMap((reads) => Effect.all(reads, { concurrency: "unbounded", discard: true })),
    Effect.scoped
  )

/** The ways to read each of some separate shards. */
const ways: Readonly<Record<string, (shard: Shard.Shard) => Effect.Effect<unknown, unknown>>> = {
  nextEvent: (shard) =>
    Effect.gen(function*() {
      while (true) {
        onEvent(yield* shard.nextEvent)
      }
    }),
  runForEach: (shard) => shard.runForEach(handle),
  handlers: (shard) => Effect.provideService(Events.run(handlers), Shard.Shard, shard),
  events: (shard) => Stream.runForEach(shard.events, handle),
  eventsInChunks: (shard) =>
    Stream.runForEachChunk(shard.events, (events) => {
      Chunk.forEach(events, onEvent)
      return Effect.void
    }),
  subscribers,
  slow: (shard) => Effect.forever(Effect.flatMap(shard.nextEvent, slowly)),
  idle: (shard) =>
    Effect.repeat(shard.nextEvent, { until: (event) => event.t === "READY" }).pipe(
      Effect.zipRight(Effect.sync(reportReady)),
      Effect.zipRight(Effect.forever(shard.nextEvent))
    )
}

const config = ShardConfig.layer({
  token: Redacted.make("token"),
  intents: Intents.all,
  gatewayUrl: job.url,
  identifyProperties: { os: process.platform },
  ...(job.isFiltered && { events: ["READY", Mix.wanted] as const }),
  // The benchmark drops connections more often than any gateway, and does not measure the back-off.
  reconnect: { stableAfter: "100 millis" }
})

const platform = NodeGateway.layer({ compression: job.mode === "json" ? "none" : job.mode })

const way = process.argv[3] ?? "nextEvent"

/** The ways to read all shards as one fleet, as a bot with many shards does. */
const fleetWays: Readonly<Record<string, (fleet: Fleet.Fleet) => Effect.Effect<unknown, unknown>>> = {
  fleet: ({ awaitReady, nextEvent }) =>
    Effect.zipRight(
      Effect.fork(Effect.zipRight(awaitReady, Effect.sync(() => Probe.report({ _tag: "Ready" })))),
      Effect.forever(nextEvent)
    ),
  "fleet.runForEach": (fleet) => fleet.runForEach(({ event }) => handle(event)),
  "Events.runFleet": (fleet) => Effect.provideService(Events.runFleet(handlers), Fleet.Fleet, fleet)
}

const readFleet = (read: (fleet: Fleet.Fleet) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(Fleet.make({ shards: { total: job.shards } }), read)

const readShards = (read: (shard: Shard.Shard) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(
    Effect.forEach(ShardId.all(job.shards), Shard.make),
    Effect.forEach(read, { concurrency: "unbounded", discard: true })
  )

const [ofFleet, ofShard] = [fleetWays[way], ways[way]]

const read = ofFleet !== undefined
  ? readFleet(ofFleet)
  : ofShard !== undefined
  ? readShards(ofShard)
  : Effect.dieMessage(`no way to read is called ${way}`)

const run = read.pipe(
  Effect.scoped,
  Effect.provide(Layer.mergeAll(config, IdentifyQueue.layerUnlimited, platform, Logger.minimumLogLevel(LogLevel.None)))
)

Effect.runPromise(run).catch((error) => Probe.report({ _tag: "Failed", message: String(error) }))
