/** Runs on Discord with DISCORD_TOKEN; without it on a simulated gateway where a user requests a focus. */
import { NodeRuntime } from "@effect/platform-node"
import { ShardConfig } from "@vesper/gateway"
import { Opcode } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Builder, Expect, GatewaySimulator, LogEntry } from "@vesper/testing"
import { Config, Console, Effect, Layer, Option, Stream } from "effect"
import * as FocusBot from "./FocusBot.js"

const onDiscord = NodeGateway.layerShardConfig(FocusBot.config)

/** A user on the simulated gateway. */
const ada = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Expect.expectCommand(simulator, Opcode.Identify)
  for (const content of ["!focus 25", "!stop", "!focus 1"]) {
    yield* Effect.sleep("2 seconds")
    yield* Console.log(`ada: ${content}`)
    yield* simulator.dispatch(Builder.message({ content }))
  }
})

/** Prints the bot's presence on the simulated gateway. */
const onlookers = Effect.flatMap(GatewaySimulator.GatewaySimulator, ({ logChanges }) =>
  logChanges.pipe(
    Stream.filter(LogEntry.is("Received")),
    Stream.filter(({ op }) => op === Opcode.PresenceUpdate),
    Stream.runForEach(({ d }) => Console.log(`bot: ${JSON.stringify(d)}`))
  ))

const onSimulator = Layer.scopedDiscard(Effect.forkScoped(Effect.all([onlookers, ada], { concurrency: 2 }))).pipe(
  Layer.provideMerge(GatewaySimulator.layerShard(FocusBot.config))
)

Config.option(ShardConfig.tokenConfig).pipe(
  Effect.flatMap(Option.match({
    onNone: () => Effect.provide(FocusBot.run, onSimulator),
    onSome: () => Effect.provide(FocusBot.run, onDiscord)
  })),
  NodeRuntime.runMain
)
