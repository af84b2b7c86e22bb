/** What Prometheus reads of a simulated gateway. */
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Metric from "effect/Metric"
import type * as SimulatorBoard from "../SimulatorBoard.js"

const gauge = (name: string, description: string) => Metric.gauge(`vesper_simulator_${name}`, { description })

const counter = (name: string, description: string) =>
  Metric.counter(`vesper_simulator_${name}_total`, { description, incremental: true })

const connections = gauge("connections", "Connections that are open")

const counters = {
  events: counter("events_sent", "Events sent"),
  received: counter("payloads_received", "Payloads received"),
  identified: counter("identifies", "Sessions begun"),
  resumed: counter("resumes", "Sessions resumed"),
  refused: counter("refused_connections", "Connections refused"),
  violated: counter("violations", "What Discord would have punished")
}

/** Counts what came between two boards. */
export const update = (
  before: SimulatorBoard.SimulatorBoard,
  now: SimulatorBoard.SimulatorBoard
): Effect.Effect<void> =>
  Effect.zipRight(
    Metric.set(connections, HashMap.size(now.connections)),
    Effect.forEach(
      // The keys of an object that is written just above.
      Object.keys(counters) as ReadonlyArray<keyof typeof counters>,
      (name) => Metric.incrementBy(counters[name], now[name] - before[name]),
      { discard: true }
    )
  )
