/** The metrics of a simulated gateway, for Prometheus. */
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Metric from "effect/Metric"
import type * as Board from "./board.js"

const counter = (name: string, description: string) =>
  Metric.counter(`vesper_simulator_${name}_total`, { description, incremental: true })

const connections = Metric.gauge("vesper_simulator_connections", { description: "Open connections" })

const counters = [
  ["events", counter("events_sent", "Events sent")],
  ["received", counter("payloads_received", "Payloads received")],
  ["identified", counter("identifies", "Sessions started")],
  ["resumed", counter("resumes", "Sessions resumed")],
  ["refused", counter("refused_connections", "Connections refused")],
  ["violated", counter("violations", "Violations of Discord's rules")]
] as const

/** Adds the increase of the counts. */
export const update = (before: Board.GatewayBoard, now: Board.GatewayBoard): Effect.Effect<void> =>
  Effect.zipRight(
    Metric.set(connections, HashMap.size(now.connections)),
    Effect.forEach(
      counters,
      ([name, metric]) => Metric.incrementBy(metric, now.counts[name] - before.counts[name]),
      { discard: true }
    )
  )
