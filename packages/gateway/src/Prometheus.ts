/**
 * Renders Effect's metrics in the text format of Prometheus.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import * as ShardMetrics from "./ShardMetrics.js"

/**
 * The content type of the text format.
 *
 * @since 0.1.0
 * @category constants
 */
export const contentType = "text/plain; version=0.0.4; charset=utf-8"

type Labels = ReadonlyArray<readonly [key: string, value: string]>

interface Sample {
  /** The suffix of the metric's name, such as `_sum`. */
  readonly suffix: string
  readonly labels: Labels
  readonly value: number | bigint
}

interface Reading {
  readonly type: "counter" | "gauge" | "histogram" | "summary"
  readonly samples: ReadonlyArray<Sample>
}

const sample = (labels: Labels, value: number | bigint, suffix = ""): Sample => ({ suffix, labels, value })

const number = (value: number | bigint): string => {
  switch (value) {
    case Number.POSITIVE_INFINITY:
      return "+Inf"
    case Number.NEGATIVE_INFINITY:
      return "-Inf"
    default:
      return String(value)
  }
}

const readHistogram = (labels: Labels, state: MetricState.MetricState.Histogram): ReadonlyArray<Sample> => [
  ...state.buckets
    .filter(([boundary]) => boundary !== Number.POSITIVE_INFINITY)
    .map(([boundary, count]) => sample([...labels, ["le", number(boundary)]], count, "_bucket")),
  sample([...labels, ["le", "+Inf"]], state.count, "_bucket"),
  sample(labels, state.sum, "_sum"),
  sample(labels, state.count, "_count")
]

const readSummary = (labels: Labels, state: MetricState.MetricState.Summary): ReadonlyArray<Sample> => [
  ...state.quantiles.map(([quantile, value]) =>
    sample([...labels, ["quantile", number(quantile)]], Option.getOrElse(value, () => Number.NaN))
  ),
  sample(labels, state.sum, "_sum"),
  sample(labels, state.count, "_count")
]

const read = ({ metricKey, metricState }: MetricPair.MetricPair.Untyped): Option.Option<Reading> => {
  const labels: Labels = metricKey.tags.map(({ key, value }) => [key, value] as const)
  if (MetricState.isCounterState(metricState)) {
    return Option.some({ type: "counter", samples: [sample(labels, metricState.count)] })
  }
  if (MetricState.isGaugeState(metricState)) {
    return Option.some({ type: "gauge", samples: [sample(labels, metricState.value)] })
  }
  if (MetricState.isHistogramState(metricState)) {
    return Option.some({ type: "histogram", samples: readHistogram(labels, metricState) })
  }
  if (MetricState.isSummaryState(metricState)) {
    return Option.some({ type: "summary", samples: readSummary(labels, metricState) })
  }
  return MetricState.isFrequencyState(metricState)
    ? Option.some({
      type: "counter",
      samples: Array.from(metricState.occurrences, ([word, count]) => sample([...labels, ["key", word]], count))
    })
    : Option.none()
}

const metricName = (name: string): string => name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d)/, "_")

const labelName = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d)/, "_")

const escape = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")

const renderSample = (name: string, { labels, suffix, value }: Sample): string => {
  const rendered = labels.map(([key, text]) => `${labelName(key)}="${escape(text).replace(/"/g, "\\\"")}"`)
  return `${name}${suffix}${rendered.length === 0 ? "" : `{${rendered.join(",")}}`} ${number(value)}\n`
}

/**
 * Renders metrics, grouped by name as the format requires.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import * as Prometheus from "@vesper/gateway/Prometheus"
 * import { Effect, Metric } from "effect"
 *
 * const greetings = Metric.counter("greetings_total", { description: "Greetings said" })
 *
 * const program = Effect.gen(function*() {
 *   yield* Metric.incrementBy(Metric.tagged(greetings, "language", "en"), 2)
 *   const text = Prometheus.render(yield* Metric.snapshot)
 *   assert.ok(text.includes("greetings_total{language=\"en\"} 2\n"))
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const render = (metrics: Iterable<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, { readonly head: string; readonly type: Reading["type"]; body: string }>()
  for (const metric of metrics) {
    const reading = read(metric)
    if (Option.isNone(reading)) {
      continue
    }
    const name = metricName(metric.metricKey.name)
    const { samples, type } = reading.value
    const help = Option.match(metric.metricKey.description, {
      onNone: () => "",
      onSome: (text) => `# HELP ${name} ${escape(text)}\n`
    })
    const family = families.get(name) ?? { head: `${help}# TYPE ${name} ${type}\n`, type, body: "" }
    // The format allows one kind of metric for each name, so a later metric of another kind is left out.
    if (family.type === type) {
      family.body += samples.map((each) => renderSample(name, each)).join("")
      families.set(name, family)
    }
  }
  return Array.from(families.values(), ({ body, head }) => head + body).join("")
}

/**
 * Renders all metrics in Effect's registry, with the current values of the shards if `ShardMetrics` is in context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const text: Effect.Effect<string> = Effect.gen(function*() {
  const metrics = yield* ShardMetrics.Current
  yield* Effect.forEach(Option.toArray(metrics), ({ collect }) => collect)
  return render(yield* Metric.snapshot)
})

/**
 * An HttpApp that answers every request with the metrics. It is commonly mounted at `/metrics`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpApp } from "@effect/platform"
 * import { ShardMetrics } from "@vesper/gateway"
 * import * as Prometheus from "@vesper/gateway/Prometheus"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const handle = HttpApp.toWebHandler(Prometheus.app)
 *   const response = yield* Effect.promise(() => handle(new Request("http://localhost/metrics")))
 *   assert.strictEqual(response.headers.get("content-type"), Prometheus.contentType)
 * })
 *
 * Effect.runPromise(Effect.provide(program, ShardMetrics.layer()))
 * ```
 *
 * @since 0.1.0
 * @category apps
 */
export const app: Effect.Effect<HttpServerResponse.HttpServerResponse> = Effect.map(
  text,
  (body) => HttpServerResponse.text(body, { contentType })
)
