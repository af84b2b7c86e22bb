import * as Otlp from "@effect/opentelemetry/Otlp"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import * as ShardMetrics from "../src/ShardMetrics.js"
import { awaitReady, layer, startShard, token } from "./harness.js"

/** A collector that records its requests by path. */
const makeCollector = () => {
  const received = new Map<string, string>()
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      received.set(url.pathname, (received.get(url.pathname) ?? "") + body)
      return HttpClientResponse.fromWeb(request, new Response("{}"))
    })
  )
  return { received, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

describe("OTLP", () => {
  it.scoped("carries a shard's metrics, spans and logs to a collector, and no token", () => {
    const collector = makeCollector()
    const otlp = Otlp.layer({
      baseUrl: "http://collector.test:4318",
      resource: { serviceName: "bot" },
      replaceLogger: Logger.defaultLogger,
      metricsExportInterval: "10 seconds",
      tracerExportInterval: "5 seconds",
      loggerExportInterval: "5 seconds"
    }).pipe(Layer.provide(OtlpSerialization.layerJson), Layer.provide(collector.layer))
    const measured = Layer.provideMerge(layer(), Layer.merge(ShardMetrics.layer({ interval: "1 second" }), otlp))
    return Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust("21 seconds")
      const metrics = collector.received.get("/v1/metrics") ?? ""
      assert.include(metrics, "vesper_events_total")
      assert.include(metrics, "vesper_shards")
      assert.include(metrics, "vesper_identify_wait_seconds")
      const traces = collector.received.get("/v1/traces") ?? ""
      assert.include(traces, "vesper.connect")
      assert.include(traces, "vesper.identify")
      for (const text of collector.received.values()) {
        assert.notInclude(text, token)
      }
    }).pipe(Effect.provide(measured))
  })
})
