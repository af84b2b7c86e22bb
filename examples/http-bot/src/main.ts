/**
 * Runs with DISCORD_TOKEN and DISCORD_PUBLIC_KEY at PORT. Discord needs a public HTTPS URL of it as the "Interactions Endpoint URL" in the
 * developer portal.
 */
import { FetchHttpClient, HttpMiddleware, HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Rest } from "@vesper/bot"
import { Config, Effect, Layer } from "effect"
import { createServer } from "node:http"
import * as HttpBot from "./HttpBot.js"

const serve = Layer.unwrapScoped(HttpBot.make.pipe(Effect.map((app) => HttpServer.serve(app, HttpMiddleware.logger))))

const server = NodeHttpServer.layerConfig(createServer, {
  port: Config.withDefault(Config.integer("PORT"), 8080)
})

Layer.launch(HttpServer.withLogAddress(serve)).pipe(
  Effect.provide([server, Layer.provide(Rest.layerConfig(), FetchHttpClient.layer)]),
  NodeRuntime.runMain
)
