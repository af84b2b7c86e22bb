/**
 * Effect metrics of shards, for Prometheus (`Prometheus.app`), OTLP and other exporters.
 *
 * Reconnects and other rare changes are counted when they occur. Counts of events are kept as plain numbers and read by a
 * fiber at an interval, which requires the layer of this module, provided to the shards or the fleet. No metric has a tag
 * for the shard, because a thousand shards with fifty types of events are too many series; `Fleet.status` and
 * `Shard.latency` describe one shard. The identify queue updates its metrics without the layer.
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
import * as MetricsRegistry from "./internal/state/metricsRegistry.js"
import type { ShardStatus } from "./ShardStatus.js"

/**
 * The metrics of all shards of a process. They are updated in an interval, and on request.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardMetrics {
  /** Updates the metrics now. */
  readonly collect: Effect.Effect<void>
}

/**
 * None without the layer; then the metrics that the fiber updates stay at zero.
 *
 * @since 0.1.0
 * @category tags
 */
export class Current extends Context.Reference<Current>()("@vesper/gateway/ShardMetrics", {
  defaultValue: (): Option.Option<ShardMetrics> => Option.none()
}) {}

/**
 * Shards by status; the tag `status` is the `_tag` of a `ShardStatus`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const shards = Metric.gauge("vesper_shards", { description: "Shards by status" })

/**
 * Events received; the tag `type` is the name of the event, or `UnknownDispatch` for an undocumented one.
 *
 * @since 0.1.0
 * @category metrics
 */
export const events = Metric.counter("vesper_events_total", {
  description: "Events received by type",
  incremental: true
})

/**
 * Events that were not delivered; the tag `reason` is `duplicate` for events that were received before.
 *
 * @since 0.1.0
 * @category metrics
 */
export const dropped = Metric.counter("vesper_events_dropped_total", {
  description: "Events not delivered",
  incremental: true
})

/**
 * Bytes of the received frames, before decompression.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytesReceived = Metric.counter("vesper_received_bytes_total", {
  description: "Bytes received over the wire",
  incremental: true
})

/**
 * Bytes of compressed frames after decompression.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytesInflated = Metric.counter("vesper_inflated_bytes_total", {
  description: "Bytes of compressed frames after decompression",
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
 * The compression ratio since the start; 1 without compression.
 *
 * @since 0.1.0
 * @category metrics
 */
export const compressionRatio = Metric.gauge("vesper_compression_ratio", {
  description: "Inflated bytes for each compressed byte"
})

/**
 * The time until heartbeats were acknowledged, in seconds.
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
 * Resumed sessions.
 *
 * @since 0.1.0
 * @category metrics
 */
export const resumes = Metric.counter("vesper_resumes_total", { description: "Sessions resumed", incremental: true })

/**
 * IDENTIFYs of shards after the loss of a session.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reidentifies = Metric.counter("vesper_reidentifies_total", {
  description: "IDENTIFYs sent after a lost session",
  incremental: true
})

/**
 * Connections that ended before a reconnect. The tag `reason` is the cause, such as `Zombie` or `ReconnectRequested`, or
 * `Closed` for a close frame, with the tag `code`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reconnects = Metric.counter("vesper_reconnects_total", {
  description: "Reconnects by reason",
  incremental: true
})

/**
 * Events of all shards that no reader has read yet.
 *
 * @since 0.1.0
 * @category metrics
 */
export const buffered = Metric.gauge("vesper_buffered_events", { description: "Events that no reader has read yet" })

/**
 * Commands that were sent.
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
 * Histogram of the time that shards waited for their permit, in seconds: `vesper_identify_wait_seconds`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifyWait = Metric.histogram(
  "vesper_identify_wait_seconds",
  MetricBoundaries.fromIterable([0.1, 1, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400]),
  "Time that shards waited for their permit to identify"
)

/**
 * IDENTIFYs that may still be granted today, without the reserve: `vesper_identify_budget`. Queues without a budget do not
 * set it.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifyBudget = Metric.gauge("vesper_identify_budget", {
  description: "IDENTIFYs that may still be granted today, without the reserve"
})

/**
 * Shards that wait for their permit: `vesper_identify_waiting`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifiesWaiting = Metric.gauge("vesper_identify_waiting", {
  description: "Shards that wait for their permit to identify"
})

/**
 * Permits that were used: `vesper_identifies_total`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifies = Metric.counter("vesper_identifies_total", {
  description: "Permits to identify that were used",
  incremental: true
})

/**
 * Permits that were refunded because the IDENTIFY was not written: `vesper_identify_refunds_total`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifyRefunds = Metric.counter("vesper_identify_refunds_total", {
  description: "Permits to identify that were refunded",
  incremental: true
})

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
  commandsWaiting,
  identifyWait,
  identifyBudget,
  identifiesWaiting,
  identifies,
  identifyRefunds
} as const

const statuses: ReadonlyArray<ShardStatus["_tag"]> = [
  "Disconnected",
  "Connecting",
  "Identifying",
  "Resuming",
  "Connected",
  "FatallyClosed"
]

const typeTag = (name: string) => EventType.isKnown(name) ? name : "UnknownDispatch"

/**
 * Reads the shards that are made with this service in their context, at an interval.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  /** Default: 5 seconds. */
  readonly interval?: Duration.DurationInput | undefined
} = {}): Effect.Effect<ShardMetrics, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sources = new Set<MetricsRegistry.ShardSource>()
    const seen = new WeakMap<Readonly<internal.Counters>, internal.Counters>()
    const inflation = { compressed: 0, inflated: 0 }

    /** Adds the counts since the last read of this source. */
    const advance = (source: MetricsRegistry.ShardSource) =>
      Effect.gen(function*() {
        const now = internal.copy(source.counters)
        const before = seen.get(source.counters) ?? internal.make()
        seen.set(source.counters, now)
        for (const [name, count] of now.events) {
          const more = count - (before.events.get(name) ?? 0)
          if (more > 0) {
            yield* Metric.incrementBy(Metric.tagged(events, "type", typeTag(name)), more)
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

    const sum = (read: (source: MetricsRegistry.ShardSource) => number) =>
      Array.from(sources, read).reduce((a, b) => a + b, 0)

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
    const metrics: ShardMetrics = { collect }
    MetricsRegistry.register(metrics, (source) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => sources.add(source)),
        // The last counts are added before the source is removed.
        () => Effect.zipRight(advance(source), Effect.sync(() => sources.delete(source)))
      )))
    return metrics
  })

/**
 * Provides the metrics to shards or a fleet.
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
