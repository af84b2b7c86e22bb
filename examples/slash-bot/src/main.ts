/**
 * Runs on Discord with DISCORD_TOKEN, or on the gateway at GATEWAY_URL with the API at API_URL. Invite the bot with the scope
 * `applications.commands`.
 */
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Rest } from "@vesper/bot"
import { Events, GatewayApi, ShardConfig } from "@vesper/gateway"
import { Intents } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Config, Effect, Layer } from "effect"
import * as Suggestions from "./Suggestions.js"

Events.assemble(Suggestions.layer).pipe(
  Effect.provide([
    NodeGateway.layerShardConfig({
      intents: Intents.none,
      gatewayUrl: Config.withDefault(Config.string("GATEWAY_URL"), ShardConfig.defaultGatewayUrl)
    }),
    Rest.layerConfig({
      baseUrl: Config.withDefault(Config.string("API_URL"), GatewayApi.defaultBaseUrl)
    }).pipe(Layer.provide(FetchHttpClient.layer))
  ]),
  NodeRuntime.runMain
)
