import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import * as Prometheus from "../src/Prometheus.js"
import * as ShardMetrics from "../src/ShardMetrics.js"
import { awaitReady, inject, layer, startShard, withChance } from "./harness.js"

const count = (metric: Metric.Metric.Counter<number>) => Effect.map(Metric.value(metric), (state) => state.count)
const gauge = (metric: Metric.Metric.Gauge<number>) => Effect.map(Metric.value(metric), (state) => state.value)

/** Metrics are the process's: what a test adds is what counts. */
const added = <E, R>(metric: Metric.Metric.Counter<number>, effect: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function*() {
    const before = yield* count(metric)
    yield* effect
    return (yield* count(metric)) - before
  })

const collect = Effect.flatMap(
  ShardMetrics.Current,
  (metrics) => Effect.forEach(Option.toArray(metrics), (_) => _.collect)
)

const measured = Layer.provideMerge(layer(), ShardMetrics.layer({ interval: "10 seconds" }))

const typing = Metric.tagged(ShardMetrics.events, "type", "TYPING_START")
const sendTyping = Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.dispatch({ t: "TYPING_START", d: {} }))

describe("ShardMetrics", () => {
  it.scoped("counts events by type, once each, every interval", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const events = yield* added(
        typing,
        Effect.zipRight(Effect.repeatN(sendTyping, 4), TestClock.adjust("10 seconds"))
      )
      assert.strictEqual(events, 5)
      assert.strictEqual(yield* added(typing, TestClock.adjust("10 seconds")), 0)
    }).pipe(Effect.provide(measured)))

  it.scoped("counts names that nobody knows as one type", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const unknown = Metric.tagged(ShardMetrics.events, "type", "UnknownDispatch")
      yield* simulator.dispatch({ t: "A_NEW_THING", d: {} })
      yield* simulator.dispatch({ t: "ANOTHER_NEW_THING", d: {} })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* added(unknown, collect), 2)
    }).pipe(Effect.provide(measured)))

  it.scoped("tells how many shards stand where, and what waits", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* Effect.repeatN(sendTyping, 2)
      yield* TestClock.adjust("1 second")
      yield* collect
      assert.strictEqual(yield* gauge(Metric.tagged(ShardMetrics.shards, "status", "Connected")), 1)
      // The acknowledgement of a heartbeat may wait as well.
      assert.isAtLeast(yield* gauge(ShardMetrics.buffered), 3)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 100, status: 503 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("100 millis")
      yield* Effect.fork(shard.command(
        yield* Effect.orDie(Command.updatePresence({
          since: null,
          afk: false,
          status: "online",
          activities: []
        }))
      ))
      yield* TestClock.adjust("100 millis")
      yield* collect
      assert.strictEqual(yield* gauge(Metric.tagged(ShardMetrics.shards, "status", "Disconnected")), 1)
      assert.strictEqual(yield* gauge(ShardMetrics.commandsWaiting), 1)
    }).pipe(Effect.provide(measured)))

  it.scoped("keeps the last numbers of a shard that is gone", () =>
    Effect.gen(function*() {
      const life = Effect.scoped(Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* sendTyping
        yield* TestClock.adjust("1 second")
      }))
      assert.strictEqual(yield* added(typing, life), 1)
    }).pipe(Effect.provide(measured)))

  it.scoped("counts resumes, identifies and reconnects by reason", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const close = Effect.zipRight(
        inject(Fault.Close({ code: 4000, reason: "try again" })),
        TestClock.adjust("5 seconds")
      )
      const byCode = ShardMetrics.reconnects.pipe(Metric.tagged("reason", "Closed"), Metric.tagged("code", "4000"))
      assert.strictEqual(yield* added(ShardMetrics.resumes, close), 1)
      assert.strictEqual(yield* added(byCode, close), 1)
      const invalidate = Effect.zipRight(
        inject(Fault.InvalidSession({ resumable: false })),
        TestClock.adjust("30 seconds")
      )
      assert.strictEqual(yield* added(ShardMetrics.identifies, invalidate), 1)
      assert.strictEqual(yield* added(ShardMetrics.reidentifies, invalidate), 1)
    }).pipe(Effect.provide(measured)))

  it.scoped("measures heartbeats and the wait to identify", () =>
    Effect.gen(function*() {
      const beats = Effect.map(Metric.value(ShardMetrics.heartbeatLatency), (state) => state.count)
      const waits = Effect.map(Metric.value(ShardMetrics.identifyWait), (state) => state.count)
      const [beatsBefore, waitsBefore] = [yield* beats, yield* waits]
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* beats) - beatsBefore, 3)
      assert.strictEqual((yield* waits) - waitsBefore, 1)
    }).pipe(withChance(0.5), Effect.provide(measured)))
})

/** A tracer that keeps what it is given; beside it, the spans that have ended. */
const recordingTracer = () => {
  const ended: Array<readonly [name: string, shard: unknown]> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      return {
        _tag: "Span",
        spanId: String(ended.length),
        traceId: "trace",
        sampled: true,
        name,
        parent,
        context,
        links,
        kind,
        attributes,
        get status() {
          return status
        },
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: () => {},
        addLinks: () => {},
        end: (endTime, exit) => {
          status = { _tag: "Ended", startTime, endTime, exit }
          ended.push([name, attributes.get("shard.id")])
        }
      }
    }
  })
  return { ended, tracer }
}

describe("a shard's spans", () => {
  it.scoped("tell of connecting, identifying and resuming", () => {
    const { ended, tracer } = recordingTracer()
    return Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("5 seconds")
      const all = ["vesper.connect", "vesper.identify", "vesper.connect", "vesper.resume"]
      assert.deepStrictEqual(ended, all.map((name) => [name, 0] as const))
    }).pipe(Effect.withTracer(tracer), Effect.provide(layer()))
  })
})

describe("Prometheus", () => {
  it.effect("renders each kind of metric, and groups the labels of one name", () =>
    Effect.gen(function*() {
      const requests = Metric.counter("test.requests", { description: "Two\nlines" })
      yield* Metric.increment(Metric.tagged(requests, "path", "/a\"b\\"))
      yield* Metric.set(Metric.gauge("test_between"), 1.5)
      yield* Metric.increment(Metric.tagged(requests, "path", "/c"))
      yield* Metric.update(Metric.frequency("test_words"), "tea")
      const ours = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name.startsWith("test"))
      const text = Prometheus.render(ours)
      assert.include(
        text,
        `# HELP test_requests Two\\nlines\n# TYPE test_requests counter\ntest_requests{path="/a\\"b\\\\"} 1\n`
      )
      assert.strictEqual(text.match(/# TYPE test_requests/g)?.length, 1)
      assert.include(text, "# TYPE test_between gauge\ntest_between 1.5\n")
      assert.include(text, "test_words{key=\"tea\"} 1\n")
      // No other name's line stands between two lines of one name.
      const names = text.split("\n").filter((line) => line.startsWith("test")).map((line) => line.split(/[{ ]/)[0])
      assert.strictEqual(names.lastIndexOf("test_requests") - names.indexOf("test_requests"), 1)
    }))

  it.effect("renders a histogram with growing buckets and one for all", () =>
    Effect.gen(function*() {
      yield* Metric.update(ShardMetrics.heartbeatLatency, 0.03)
      const lines = (yield* Prometheus.text).split("\n").filter((line) => line.startsWith("vesper_heartbeat_latency"))
      const buckets = lines.filter((line) => line.includes("_bucket")).map((line) => Number(line.split(" ")[1]))
      assert.strictEqual(buckets.length, 11)
      assert.deepStrictEqual(buckets, buckets.slice().sort((a, b) => a - b))
      assert.include(lines.find((line) => line.includes("le=\"+Inf\"")) ?? "", String(buckets.at(-1)))
      assert.isDefined(lines.find((line) => line.startsWith("vesper_heartbeat_latency_seconds_sum ")))
    }))
})
