/**
 * Runs with DISCORD_TOKEN on Discord, or on the gateway at GATEWAY_URL with the API at API_URL. The bot needs the permissions to manage
 * threads and messages and to ban members, and Message Content switched on.
 */
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Rest } from "@vesper/bot"
import { Events, GatewayApi, ShardConfig } from "@vesper/gateway"
import { Intents } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Config, Effect, Layer } from "effect"
import * as CommunityBot from "./CommunityBot.js"

const shard = NodeGateway.layerShardConfig({
  intents: Intents.none,
  gatewayUrl: Config.withDefault(Config.string("GATEWAY_URL"), ShardConfig.defaultGatewayUrl)
})

const rest = Rest.layerConfig({
  baseUrl: Config.withDefault(Config.string("API_URL"), GatewayApi.defaultBaseUrl)
}).pipe(Layer.provideMerge(FetchHttpClient.layer))

Events.assemble(CommunityBot.layer, { privileged: ["MessageContent"] }).pipe(
  Effect.provide([shard, rest]),
  NodeRuntime.runMain
)
