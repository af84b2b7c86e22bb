/**
 * Metrics of identify queues, for any exporter of Effect's metrics.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

/**
 * Histogram of the time that shards waited for their turn, in seconds: `vesper_identify_wait_seconds`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const wait = Metric.histogram(
  "vesper_identify_wait_seconds",
  MetricBoundaries.fromIterable([0.1, 1, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400]),
  "Time that shards waited for their turn to identify"
)

/**
 * Identifies that may still be granted today, without the reserve: `vesper_identify_budget`. Queues without a budget do not
 * set it.
 *
 * @since 0.1.0
 * @category metrics
 */
export const budget = Metric.gauge("vesper_identify_budget", {
  description: "Identifies that may still be granted today, without the reserve"
})

/**
 * Shards that wait for their turn: `vesper_identify_waiting`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waiting = Metric.gauge("vesper_identify_waiting", {
  description: "Shards that wait for their turn to identify"
})

/**
 * Turns that were used: `vesper_identifies_total`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const identifies = Metric.counter("vesper_identifies_total", {
  description: "Turns to identify that were used",
  incremental: true
})

/**
 * Turns that were refunded because the identify was not written: `vesper_identify_refunds_total`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const refunds = Metric.counter("vesper_identify_refunds_total", {
  description: "Turns to identify that were refunded",
  incremental: true
})
