/** Runs on Discord with DISCORD_TOKEN. Invite the bot with the scope `applications.commands`. */
import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Intents } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Effect, Layer } from "effect"
import * as Suggestions from "./Suggestions.js"

Events.assemble(Suggestions.layer).pipe(
  Effect.provide([
    NodeGateway.layerShardConfig({ intents: Intents.none }),
    Rest.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
  ]),
  NodeRuntime.runMain
)
