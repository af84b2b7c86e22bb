/**
 * What shards do, as Effect metrics: for Prometheus (`Prometheus.app`), OTLP, or whatever else reads Effect's metrics.
 *
 * Rare things, such as a reconnect, are counted as they happen. What happens for every event is kept in plain numbers
 * and read on a fiber every few seconds; that takes the layer of this module, provided to the shards or the fleet. No
 * metric is by shard: a thousand shards times fifty kinds of events would be nobody's metric. `Fleet.status` and
 * `Shard.latency` tell of one shard. The identify queue has metrics of its own, in `IdentifyMetrics`.
 *
 * @since 0.1.0
 */
import * as EventType from "@vesper/model/EventType"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/state/counters.js"
import type { ShardStatus } from "./ShardStatus.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardMetrics {
  /** Brings the metrics up to date now, for whoever is about to read them. */
  readonly collect: Effect.Effect<void>
  /** Watches a shard until the scope closes. Shards do this by themselves. */
  readonly watch: (source: Source) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * What a shard shows of itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly status: () => ShardStatus["_tag"]
  /** Events that wait for the program. */
  readonly buffered: () => number
  /** Commands that wait to be written. */
  readonly waiting: () => number
  readonly counters: Readonly<internal.Counters>
}

/**
 * None without the layer: then what is read on a fiber stays at zero.
 *
 * @since 0.1.0
 * @category tags
 */
export class Current extends Context.Reference<Current>()("@vesper/gateway/ShardMetrics", {
  defaultValue: (): Option.Option<ShardMetrics> => Option.none()
}) {}

/**
 * Shards by where they stand; the tag `status` is the `_tag` of a `ShardStatus`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const shards = Metric.gauge("vesper_shards", { description: "Shards by status" })

/**
 * Events received, by their name in the tag `type`; all that this version does not know are `UnknownDispatch`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const events = Metric.counter("vesper_events_total", {
  description: "Events received by type",
  incremental: true
})

/**
 * Events that the program did not get; the tag `reason` is `duplicate` for those that had come before.
 *
 * @since 0.1.0
 * @category metrics
 */
export const dropped = Metric.counter("vesper_events_dropped_total", {
  description: "Events left out",
  incremental: true
})

/**
 * Bytes of the frames received, as they came over the wire.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytesReceived = Metric.counter("vesper_received_bytes_total", {
  description: "Bytes received over the wire",
  incremental: true
})

/**
 * Bytes that compressed frames became.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytesInflated = Metric.counter("vesper_inflated_bytes_total", {
  description: "Bytes that compressed frames became",
  incremental: true
})

/**
 * Bytes of the messages sent, before the socket's own framing.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytesSent = Metric.counter("vesper_sent_bytes_total", { description: "Bytes sent", incremental: true })

/**
 * How many times larger compressed frames became, since the start; 1 without compression.
 *
 * @since 0.1.0
 * @category metrics
 */
export const compressionRatio = Metric.gauge("vesper_compression_ratio", {
  description: "Inflated bytes for each compressed byte"
})

/**
 * How long the gateway took to acknowledge heartbeats, in seconds.
 *
 * @since 0.1.0
 * @category metrics
 */
export const heartbeatLatency = Metric.histogram(
  "vesper_heartbeat_latency_seconds",
  MetricBoundaries.fromIterable([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
  "Seconds until a heartbeat was acknowledged"
)

/**
 * Sessions that were resumed.
 *
 * @since 0.1.0
 * @category metrics
 */
export const resumes = Metric.counter("vesper_resumes_total", { description: "Sessions resumed", incremental: true })

/**
 * Identifies of shards that had a session before, and lost it.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reidentifies = Metric.counter("vesper_reidentifies_total", {
  description: "Identifies sent after a lost session",
  incremental: true
})

/**
 * Connections that ended and are to be replaced. The tag `reason` says why, such as `Zombie` or `ReconnectRequested`;
 * for a close frame it is `Closed`, with the tag `code`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reconnects = Metric.counter("vesper_reconnects_total", {
  description: "Reconnects by reason",
  incremental: true
})

/**
 * Events that wait for the program, in all shards.
 *
 * @since 0.1.0
 * @category metrics
 */
export const buffered = Metric.gauge("vesper_buffered_events", { description: "Events that wait for the program" })

/**
 * Commands of the program's that were sent.
 *
 * @since 0.1.0
 * @category metrics
 */
export const commands = Metric.counter("vesper_commands_total", { description: "Commands sent", incremental: true })

/**
 * Commands that wait for their shard or its rate limit.
 *
 * @since 0.1.0
 * @category metrics
 */
export const commandsWaiting = Metric.gauge("vesper_commands_waiting", { description: "Commands that wait" })

/**
 * Every metric of this module.
 *
 * @since 0.1.0
 * @category metrics
 */
export const all = {
  shards,
  events,
  dropped,
  bytesReceived,
  bytesInflated,
  bytesSent,
  compressionRatio,
  heartbeatLatency,
  resumes,
  reidentifies,
  reconnects,
  buffered,
  commands,
  commandsWaiting
} as const

const statuses: ReadonlyArray<ShardStatus["_tag"]> = [
  "Disconnected",
  "Connecting",
  "Identifying",
  "Resuming",
  "Connected",
  "FatallyClosed"
]

const typeOf = (name: string) => EventType.isKnown(name) ? name : "UnknownDispatch"

/**
 * Reads the shards that are made with this in their context, every `interval`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  /** Default: 5 seconds. */
  readonly interval?: Duration.DurationInput | undefined
} = {}): Effect.Effect<ShardMetrics, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sources = new Set<Source>()
    const seen = new WeakMap<Readonly<internal.Counters>, internal.Counters>()
    const inflation = { compressed: 0, inflated: 0 }

    /** Adds what has come since this source was read last. */
    const advance = (source: Source) =>
      Effect.gen(function*() {
        const now = internal.copy(source.counters)
        const before = seen.get(source.counters) ?? internal.make()
        seen.set(source.counters, now)
        for (const [name, count] of now.events) {
          const more = count - (before.events.get(name) ?? 0)
          if (more > 0) {
            yield* Metric.incrementBy(Metric.tagged(events, "type", typeOf(name)), more)
          }
        }
        inflation.compressed += now.bytesCompressed - before.bytesCompressed
        inflation.inflated += now.bytesInflated - before.bytesInflated
        yield* Metric.incrementBy(Metric.tagged(dropped, "reason", "duplicate"), now.duplicates - before.duplicates)
        yield* Metric.incrementBy(bytesReceived, now.bytesReceived - before.bytesReceived)
        yield* Metric.incrementBy(bytesInflated, now.bytesInflated - before.bytesInflated)
        yield* Metric.incrementBy(bytesSent, now.bytesSent - before.bytesSent)
        yield* Metric.incrementBy(commands, now.commandsSent - before.commandsSent)
      })

    const sum = (read: (source: Source) => number) => Array.from(sources, read).reduce((a, b) => a + b, 0)

    const collect = Effect.gen(function*() {
      yield* Effect.forEach(sources, advance, { discard: true })
      for (const status of statuses) {
        yield* Metric.set(
          Metric.tagged(shards, "status", status),
          sum((source) => source.status() === status ? 1 : 0)
        )
      }
      yield* Metric.set(buffered, sum((source) => source.buffered()))
      yield* Metric.set(commandsWaiting, sum((source) => source.waiting()))
      yield* Metric.set(compressionRatio, inflation.compressed === 0 ? 1 : inflation.inflated / inflation.compressed)
    })

    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(options.interval ?? "5 seconds"), collect)))
    return {
      collect,
      watch: (source) =>
        Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => sources.add(source)),
          // Its last numbers count, though nobody will ask again.
          () => Effect.zipRight(advance(source), Effect.sync(() => sources.delete(source)))
        ))
    }
  })

/**
 * Provide it to the shards or the fleet.
 *
 * @example
 * ```ts
 * import { IdentifyQueue, Shard, ShardConfig, ShardMetrics } from "@vesper/gateway"
 * import { Intents, ShardId } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer, Metric, Option, Redacted } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const shard = yield* Shard.Shard
 *   yield* shard.nextEvent
 *   const metrics = yield* ShardMetrics.Current
 *   yield* Effect.forEach(Option.toArray(metrics), ({ collect }) => collect)
 *   yield* Effect.log(yield* Metric.value(ShardMetrics.bytesReceived))
 * })
 *
 * const layer = Shard.layer(ShardId.single).pipe(
 *   Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") })),
 *   Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 1 })),
 *   Layer.provide(GatewaySimulator.layerInMemory()),
 *   Layer.provideMerge(ShardMetrics.layer())
 * )
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: {
  /** Default: 5 seconds. */
  readonly interval?: Duration.DurationInput | undefined
} = {}): Layer.Layer<never> => Layer.scoped(Current, Effect.map(make(options), Option.some))

/**
 * Counts a heartbeat's round trip from where no Effect can run.
 *
 * @internal
 */
export const unsafeHeartbeat = (millis: number): void => heartbeatLatency.unsafeUpdate(millis / 1_000, [])
